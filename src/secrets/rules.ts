import { isAuthJwt, isBasicAuth, isPasswordInUrl, isSecretName } from './accepted.ts';
import { isRandom, isStrongPassword } from './plausible.ts';

/** A shape of secret. Rules are data; `scan.ts` is the one that runs them. */
export interface Rule {
  /** What a person calls it. */
  readonly kind: string;
  /** One of these stands at the start of what `pattern` matches, or near it. In lower case, three bytes at least. */
  readonly keywords: readonly string[];
  /**
   * Takes at most linear time. Sticky (`y`): matched at the keyword; else searched `reach` characters around it. Its
   * group `value`, else all it matches, is the secret.
   */
  readonly pattern: RegExp;
  /** How many characters in front of the keyword and after it are searched. */
  readonly reach?: readonly [before: number, after: number];
  /** May the keyword follow a letter or digit at once? */
  readonly within?: boolean;
  /** Bits per character that the value has at least. Default 2.5, which leaves out `aaaa…`. */
  readonly entropy?: number;
  /** Is this match a secret? Default: it is, unless it is a placeholder. */
  readonly accepts?: (value: string, match: RegExpExecArray, before: string) => boolean;
  /** A person may have chosen it, so no digest of it is shown. */
  readonly guessable?: boolean;
  /** Only told: it opens no door to production. */
  readonly warning?: boolean;
}

/** A token known by how it starts, and nothing that goes on behind it. */
const token = (kind: string, starts: readonly string[], pattern: RegExp, more: Partial<Rule> = {}): Rule => ({
  kind,
  keywords: starts,
  pattern: new RegExp(`(?:${pattern.source})(?![A-Za-z0-9_-])`, 'y'),
  ...more,
});

/** Hex or base64 that is a secret only because of the name beside it, on the same line or the next. */
const beside = (kind: string, words: readonly string[], value: RegExp, more: Partial<Rule> = {}): Rule => ({
  kind,
  keywords: words,
  pattern: new RegExp(`(?<=[=:,("'\`\\s>])(?<![@#]["'\\s]?)(?<value>${value.source})(?![A-Za-z0-9_+/=.@-])`, 'g'),
  reach: [0, 140],
  within: true,
  ...more,
});

const body = String.raw`(?:\\[rnt]|[\s"'+,>|#*\\;])*`;
const headers = String.raw`(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): ?[^\n\\]{1,100}${body}){0,4}`;

/** The shapes, the special ones before the general: where two find the same characters, the first one counts. */
export const rules: readonly Rule[] = [
  {
    kind: 'Google Cloud service account key',
    keywords: ['"service_account'],
    pattern: new RegExp(
      String.raw`"service_account\\?"[^{}]{0,1500}?"private_key\\?"\s*:\s*\\?"-----BEGIN (?:RSA )?PRIVATE KEY-----${body}(?<value>[A-Za-z0-9+/=\s\\]{40,4096})`,
      'y',
    ),
  },
  {
    kind: 'private key',
    keywords: ['-----begin '],
    within: true,
    pattern: new RegExp(
      String.raw`-----BEGIN (?:(?:RSA|DSA|EC|OPENSSH|ENCRYPTED|PGP|ANY|SSH2 ENCRYPTED) ){0,2}PRIVATE KEY(?: BLOCK)?-----${body}${headers}(?<value>[A-Za-z0-9+/=]{16}[A-Za-z0-9+/=\s\\"',+|>#*]{16,8192})`,
      'y',
    ),
  },
  {
    kind: 'private key',
    keywords: ['putty-user-key-file'],
    pattern: /PuTTY-User-Key-File-\d:[\s\S]{0,3000}?Private-Lines: \d+\r?\n(?<value>[A-Za-z0-9+/=\s]{40,4096})/y,
  },
  {
    kind: 'age secret key',
    keywords: ['age-secret-key-'],
    pattern: /AGE-SECRET-KEY-1[A-Z0-9]{58}/y,
  },
  token('AWS access key id', ['akia', 'asia', 'abia', 'acca'], /(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}/),
  beside(
    'AWS secret access key',
    ['aws_secret', 'awssecret', 'secret_access_key', 'secretaccesskey', 'secret access key', 'secret-access-key'],
    /[A-Za-z0-9+/]{40}/,
    { entropy: 4 },
  ),
  {
    kind: 'AWS secret access key',
    keywords: ['akia', 'asia'],
    pattern:
      /(?<=["'`=:,\s])(?=[A-Za-z0-9/+]{0,39}[a-z])(?=[A-Za-z0-9/+]{0,39}[A-Z])(?=[A-Za-z0-9/+]{0,39}\d)(?<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=.-])/g,
    reach: [0, 160],
    entropy: 4.2,
  },
  token('AWS Bedrock key', ['absk'], /ABSK[A-Za-z0-9+/]{109,269}={0,2}/),
  {
    kind: 'Azure storage or service key',
    keywords: ['accountkey', 'sharedaccesskey', 'accesskey'],
    within: true,
    pattern: /(?:Account|SharedAccess|Access)Key\s?["']?\s?[=:]\s?["']?(?<value>[A-Za-z0-9+/]{42,86}={1,2})/iy,
    entropy: 4,
  },
  {
    kind: 'Azure client secret',
    keywords: Array.from({ length: 10 }, (_, digit) => `${digit}q~`),
    within: true,
    pattern: /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])/g,
    reach: [4, 45],
    entropy: 3.5,
  },
  {
    kind: 'Azure shared access signature',
    keywords: ['sig='],
    pattern: /sig=(?<value>[A-Za-z0-9+/]{43}=|[A-Za-z0-9%]{43,63}%3D)/iy,
    entropy: 4,
  },
  token('GitHub token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], /gh[pousr]_[A-Za-z0-9]{36,255}/),
  token('GitHub token', ['ghs_'], /ghs_[A-Za-z0-9_]{1,20}eyJ[\w-]{10,400}\.[\w-]{10,1500}\.[\w-]{10,800}/),
  token('GitHub token', ['github_pat_'], /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/),
  token(
    'GitLab token',
    [
      'glpat-',
      'gldt-',
      'glrt-',
      'glrtr-',
      'glptt-',
      'glft-',
      'glsoat-',
      'glagent-',
      'glimt-',
      'gloas-',
      'glffct-',
      'glcbt-',
    ],
    /gl(?:pat|dt|rtr?|ptt|ft|soat|agent|imt|oas|ffct|cbt)-[\w-]{20,300}(?:\.[0-9a-z]{2}\.[0-9a-z]{7,9})?/,
  ),
  token(
    'Bitbucket token',
    ['atbb', 'atctt3x', 'bbdc-'],
    /ATBB[A-Za-z0-9]{28,40}|ATCTT3x[\w-]{100,300}(?:=[0-9A-F]{8})?|BBDC-[A-Za-z0-9+/]{40,50}/,
  ),
  token('Atlassian token', ['atatt3x'], /ATATT3x[\w-]{100,300}(?:=[0-9A-F]{8})?/),
  token('Stripe secret key', ['sk_live_', 'rk_live_'], /[sr]k_live_[A-Za-z0-9]{16,247}/),
  token('Stripe test key', ['sk_test_', 'rk_test_'], /[sr]k_test_[A-Za-z0-9]{16,247}/, { warning: true }),
  token('webhook signing secret', ['whsec_'], /whsec_[A-Za-z0-9+/]{24,88}={0,2}/),
  {
    kind: 'Twilio API key',
    keywords: ['twilio'],
    within: true,
    pattern: /(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])/g,
    reach: [60, 200],
  },
  beside('Twilio auth token', ['twilio'], /[0-9a-f]{32}/),
  token('Anthropic key', ['sk-ant-'], /sk-ant-[a-z]{2,10}\d{2}-[\w-]{40,200}/),
  token('OpenRouter key', ['sk-or-v1-'], /sk-or-v1-[0-9a-f]{64}/),
  token(
    'OpenAI key',
    ['sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-service-', 'sk-none-'],
    /sk-(?:proj|svcacct|admin|service|None)-[\w-]{40,250}/,
  ),
  token('OpenAI key', ['sk-'], /sk-(?:[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48})/, { entropy: 4 }),
  token('ElevenLabs key', ['sk_'], /sk_[0-9a-f]{48}/),
  beside('ElevenLabs key', ['elevenlabs', 'eleven_labs', 'xi-api-key', 'xi_api_key', 'xiapikey'], /[0-9a-f]{32}/),
  beside('Deepgram key', ['deepgram'], /[0-9a-f]{40}/),
  token('Google API key', ['aiza'], /AIza[\w-]{35}/),
  token('Google OAuth secret', ['gocspx-'], /GOCSPX-[\w-]{28}/),
  token('Google OAuth token', ['ya29.'], /ya29\.[\w-]{40,1000}/),
  token(
    'Slack token',
    ['xoxb-', 'xoxp-', 'xoxa-', 'xoxo-', 'xoxr-', 'xoxs-', 'xoxc-', 'xoxd-', 'xoxe-', 'xoxe.'],
    /xox[abceoprsd][-.](?:xox[bp]-)?[A-Za-z0-9%-]{20,400}/,
  ),
  token('Slack token', ['xapp-'], /xapp-\d-[A-Z0-9]{9,13}-\d{9,15}-[0-9a-f]{64}/),
  {
    kind: 'Slack webhook',
    keywords: ['hooks.slack.com/'],
    pattern:
      /hooks\.slack\.com\/(?:services|workflows|triggers)\/(?<value>[A-Z0-9]{8,12}\/[A-Z0-9]{8,14}\/[A-Za-z0-9]{16,48}(?:\/[A-Za-z0-9]{16,32})?)/y,
  },
  {
    kind: 'Microsoft Teams webhook',
    keywords: ['.webhook.office.com/'],
    within: true,
    pattern:
      /\.webhook\.office\.com\/webhookb2\/(?<value>[0-9a-f@-]{73}\/IncomingWebhook\/[0-9a-f]{32}\/[0-9a-f-]{36})/y,
  },
  token('SendGrid key', ['sg.'], /SG\.[\w-]{20,24}\.[\w-]{39,50}/),
  token('npm token', ['npm_'], /npm_[A-Za-z0-9]{36}/),
  {
    kind: 'npm token',
    keywords: ['_authtoken', '_password'],
    pattern: /_(?:authToken|password)\s?=\s?["']?(?<value>[A-Za-z0-9+/=_-]{20,200})/iy,
    entropy: 3,
  },
  token('PyPI token', ['pypi-age'], /pypi-AgE[\w-]{50,1000}/),
  token('RubyGems key', ['rubygems_'], /rubygems_[0-9a-f]{48}/),
  token('Hugging Face token', ['hf_', 'api_org_'], /(?:hf|api_org)_[A-Za-z]{34}/),
  token('DigitalOcean token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], /do[por]_v1_[0-9a-f]{64}/),
  {
    kind: 'Telegram bot token',
    keywords: [':aa'],
    within: true,
    pattern: /(?<![A-Za-z0-9_-])(?:bot)?(?<value>\d{8,10}:AA[\w-]{33})(?![\w-])/g,
    reach: [14, 45],
  },
  {
    kind: 'Discord bot token',
    keywords: [
      'discord',
      'bot_token',
      'bottoken',
      'bot token',
      'client.login',
      'bot.run',
      'bot.login',
      'authorization: bot',
      'token',
    ],
    within: true,
    pattern: /(?<![\w.-])[MNO][A-Za-z0-9_-]{23,27}\.[\w-]{6}\.[\w-]{27,38}(?![\w.-])/g,
    reach: [0, 120],
    entropy: 4,
  },
  {
    kind: 'Discord webhook',
    keywords: ['/api/webhooks/'],
    within: true,
    pattern: /\/api\/webhooks\/(?<value>\d{17,20}\/[\w-]{60,70})/y,
  },
  token('Shopify token', ['shpat_', 'shpca_', 'shppa_', 'shpss_', 'shpua_'], /shp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}/),
  token('Square token', ['sq0atp-', 'sq0csp-', 'sq0idp-'], /sq0(?:atp|csp)-[\w-]{22,43}/),
  token('Square token', ['eaaa'], /EAAA[\w-]{60}/, { entropy: 4 }),
  token('Mailgun key', ['key-'], /key-[0-9a-f]{32}/),
  beside('Mailgun key', ['mailgun'], /[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}/),
  {
    kind: 'Mailchimp key',
    keywords: ['-us'],
    within: true,
    pattern: /(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9-])/g,
    reach: [33, 6],
  },
  token('Grafana token', ['glsa_', 'glc_ey'], /glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_eyJ[A-Za-z0-9+/]{40,400}={0,2}/),
  token('Groq key', ['gsk_'], /gsk_[A-Za-z0-9]{48,56}/),
  token('xAI key', ['xai-'], /xai-[A-Za-z0-9]{70,90}/),
  token('Replicate token', ['r8_'], /r8_[A-Za-z0-9]{37}/),
  token('Perplexity key', ['pplx-'], /pplx-[A-Za-z0-9]{48,56}/),
  token('Resend key', ['re_'], /re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}/, { entropy: 4 }),
  token('Linear key', ['lin_api_', 'lin_oauth_'], /lin_(?:api|oauth)_[A-Za-z0-9]{32,64}/),
  token('Notion token', ['ntn_'], /ntn_\d{11}[A-Za-z0-9]{35}/),
  token('1Password token', ['ops_eyj'], /ops_eyJ[A-Za-z0-9+/_-]{100,2000}={0,2}/),
  token('Vault token', ['hvs.', 'hvb.', 'hvr.'], /hv[sbr]\.[\w-]{24,300}/, { entropy: 3.5 }),
  token('Databricks token', ['dapi'], /dapi[0-9a-f]{32}(?:-\d)?/),
  token('Docker token', ['dckr_pat_', 'dckr_oat_'], /dckr_[po]at_[\w-]{27,40}/),
  token('Figma token', ['figd_'], /figd_[\w-]{38,60}/),
  token('Sentry token', ['sntrys_', 'sntryu_'], /sntrys_eyJ[A-Za-z0-9+/=_-]{40,400}|sntryu_[0-9a-f]{64}/),
  token('Supabase secret key', ['sb_secret_', 'sbp_'], /sb_secret_[\w-]{30,60}|sbp_[0-9a-f]{40}/),
  token('Doppler token', ['dp.pt.', 'dp.st.'], /dp\.(?:pt|st(?:\.[a-z0-9_-]{2,35})?)\.[A-Za-z0-9]{40,44}/),
  token('New Relic key', ['nrak-'], /NRAK-[A-Z0-9]{27}/),
  token('PlanetScale password', ['pscale_'], /pscale_(?:tkn|pw|oauth)_[\w=.-]{32,64}/),
  token('Postman key', ['pmak-'], /PMAK-[0-9a-f]{24}-[0-9a-f]{34}/),
  token('Pulumi token', ['pul-'], /pul-[0-9a-f]{40}/),
  token('Terraform Cloud token', ['.atlasv1.'], /[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}/, { within: true }),
  token('Fly.io token', ['fm1_', 'fm2_', 'fo1_'], /fm[12]_[A-Za-z0-9+/=_-]{100,1500}|fo1_[\w-]{43}/),
  token('Render key', ['rnd_'], /rnd_[A-Za-z0-9]{28,40}/, { entropy: 4 }),
  {
    kind: 'JSON web token',
    keywords: ['eyj'],
    pattern: /eyJ[\w-]{10,1000}\.eyJ?[\w-]{8,8000}\.[\w-]{20,1400}/y,
    accepts: isAuthJwt,
  },
  {
    kind: 'password in a URL',
    keywords: ['://'],
    within: true,
    pattern:
      /:\/\/(?<user>[^\s:@/?#"'`<>\\]{0,80}):(?<value>[^\s@/"'`<>\\]{3,256})@(?<host>\[[0-9a-fA-F:]+\]|[\w.-]+)/y,
    accepts: isPasswordInUrl,
    guessable: true,
  },
  {
    kind: 'password in an Authorization header',
    keywords: ['basic '],
    pattern: /basic\s{1,3}(?<value>[A-Za-z0-9+/]{12,400}={0,2})/iy,
    accepts: isBasicAuth,
    guessable: true,
  },
  {
    kind: 'bearer token',
    keywords: ['bearer '],
    pattern: /bearer\s{1,3}(?<value>[A-Za-z0-9._~+/-]{20,1000}=*)/iy,
    accepts: (value) => isRandom(value, 20),
  },
  beside('Fernet key', ['fernet', 'encryption_key', 'encryptionkey', 'encryption-key'], /[A-Za-z0-9_-]{43}=/, {
    entropy: 4,
  }),
  // A quoted value under a name that says what it is.
  {
    kind: 'password',
    keywords: ['passw', 'passphrase', 'pwd'],
    within: true,
    pattern: assignment(String.raw`(?:passw(?:or)?d|passphrase|pwd)`, 10),
    accepts: (value, match, before) => isSecretName(match, before) && isStrongPassword(value),
    guessable: true,
  },
  {
    kind: 'secret value',
    keywords: [
      'secret',
      'token',
      'credential',
      'api_key',
      'api-key',
      'apikey',
      'access_key',
      'access-key',
      'accesskey',
      'auth_key',
      'authkey',
      'private_key',
      'privatekey',
      'encryption_key',
      'encryptionkey',
      'signing_key',
      'signingkey',
      'master_key',
      'masterkey',
      'session_key',
      'cookie_key',
      'license_key',
      'licensekey',
      'webhook_key',
    ],
    within: true,
    pattern: assignment(
      String.raw`(?:secret|token|credentials?|(?:api|access|auth|private|encryption|signing|master|session|cookie|license|webhook)[_-]?key)`,
      16,
    ),
    accepts: (value, match, before) => isSecretName(match, before) && isRandom(value, 16),
  },
];

/**
 * `NAME = "value"`, `"name": "value"`, `name: string = 'value'`, `get("NAME", "value")`, `<name>value</name>`,
 * `--name value`, `?name=value&`, and `NAME=value` to the end of the line.
 */
function assignment(name: string, least: number): RegExp {
  const quoted = String.raw`\\?(?<quote>["'\x60])(?<quoted>[^\s"'\x60\\]{${least},400})\\?\k<quote>`;
  const bare = String.raw`(?<bare>[^\s"'\x60\\;&,<>()[\]{}]{${least},400})(?<end>["'\x60;&<\\]|\s|$)`;
  const operator = String.raw`(?:\\?["'\x60])?\]?(?:\??:\s?[A-Za-z<>|\[\]. ]{2,30})?\s{0,3}(?<operator>=>|:=|\?\?=?|\|\|=?|===?|!==?|[=:,>(]|\s)\s{0,3}(?:[rbfu]|\()?`;
  return new RegExp(String.raw`${name}(?<rest>[\w-]{0,30})${operator}(?:${quoted}|${bare})`, 'iy');
}
