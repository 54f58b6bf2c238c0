import { writeTime } from '../approvals/statement.ts';
import { onceLanded, verifySigned } from '../approvals/verify.ts';
import { parseWaiver, type Waiver, waiverLifetime, waiverNamespace } from '../approvals/waiver.ts';
import type { Repository } from '../git/repository.ts';
import { isRollbackTag } from '../git/rollback-points.ts';
import type { Oid, Policy } from '../model/index.ts';
import type { AuditTag, AuditWaiver } from './facts.ts';

const fields = ['refname:strip=2', '*objectname', 'taggername', 'taggeremail', 'taggerdate:unix', 'contents'];

/** What the tags are looked at with. */
interface Where {
  readonly policy: Policy;
  readonly now: Date;
  /** Is the commit a step of the branch? */
  isLanded(commit: Oid): boolean;
  /** The policy that stood approved at a commit; null: none is known. */
  policyAt(commit: Oid): Promise<Policy | null>;
}

/** The rollback points of this clone, the oldest first: annotated tags of the form that an environment of the policy names. */
export async function rollbackTags(repository: Repository, where: Where): Promise<AuditTag[]> {
  const forms = Object.entries(where.policy.deploy).flatMap(([environment, { rollback }]) =>
    rollback?.tag ? [{ environment, form: rollback.tag }] : [],
  );
  if (forms.length === 0) return [];
  const format = fields.map((field) => `%(${field})%00`).join('');
  const { stdout } = await repository.run(['for-each-ref', '--sort=taggerdate', `--format=${format}`, 'refs/tags/']);
  const parts = stdout.toString('utf8').split('\0');
  const tags: AuditTag[] = [];
  for (let at = 0; at + fields.length <= parts.length; at += fields.length) {
    const [name, commit, tagger, email, seconds, contents] = parts.slice(at, at + fields.length) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const tag = name.replace(/^\n/, '');
    if (commit === '' || !forms.some(({ form, environment }) => isRollbackTag(form, environment, commit, tag)))
      continue;
    const policy = (await where.policyAt(commit)) ?? where.policy;
    tags.push({
      name: tag,
      commit,
      date: new Date(Number(seconds) * 1000).toISOString(),
      tagger: { name: tagger, email: email.replace(/^<|>$/g, '') },
      landed: where.isLanded(commit),
      waivers: waiversIn(contents).map((waiver) => toldWaiver(waiver, commit, policy, where.now)),
    });
  }
  return tags;
}

/** The waivers whole, as `predeploy --tag` writes them into the message. */
function waiversIn(message: string): Waiver[] {
  const blocks = message.match(/^\{\n[\s\S]*?\n-----END SSH SIGNATURE-----$/gm) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [parseWaiver(Buffer.from(`${block}\n`))];
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof RangeError) return [];
      throw error;
    }
  });
}

function toldWaiver(waiver: Waiver, commit: Oid, policy: Policy, now: Date): AuditWaiver {
  const { environment, checks, approver, reason, issuedAt, expiresAt } = waiver.statement;
  const form = {
    namespace: waiverNamespace,
    called: 'the waiver',
    lifetime: waiverLifetime.longest,
    limit: '24 hours',
  };
  const then = onceLanded(waiver, now);
  return {
    environment,
    checks,
    approver,
    reason,
    issuedAt: writeTime(issuedAt),
    expiresAt: writeTime(expiresAt),
    valid: waiver.statement.commit === commit && verifySigned(waiver, policy, then, form) === null,
  };
}
