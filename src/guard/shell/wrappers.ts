import { impliedFiles } from './implied.ts';
import { isKnown, programName, type Run, type Word } from './run.ts';

/** What is left of a command once what only starts another one is taken off. */
export interface Taken {
  /** The command that it starts; empty: none. */
  readonly inner: readonly Word[];
  /** Scripts that it hands to a shell. */
  readonly scripts: readonly string[];
  /** What `$1` and on stand for in them; null: not known. */
  readonly words: readonly string[] | null;
  readonly env: ReadonlyMap<string, string>;
  /** Undefined: the same folder. */
  readonly cwd?: string | null;
  readonly far: boolean;
  readonly more: boolean;
  /** Does it also do something by itself? */
  readonly keep: boolean;
}

/** How a program that starts another is written. */
interface Wrapper {
  /** Options that take a value as the next word. */
  readonly values?: readonly string[];
  /** Words of its own in front of the command. */
  readonly operands?: number;
  /** Subcommands of its own, one after the other, before which it starts nothing. */
  readonly behind?: readonly (readonly string[])[];
  /** The command stands only behind `--`. */
  readonly dashes?: boolean;
  /** Its words are joined and read by a shell. */
  readonly joins?: boolean;
  /** Options whose value is a script. */
  readonly scripts?: readonly string[];
  readonly assigns?: boolean;
  readonly far?: boolean;
  readonly more?: boolean;
  readonly keep?: boolean;
  /** With one of these it starts nothing. */
  readonly unless?: readonly string[];
}

const plain: Wrapper = {};
const packageRunner: Wrapper = {
  values: ['-p', '--package', '--registry', '--cache', '-w', '--workspace', '--prefix'],
  scripts: ['-c', '--call'],
};

const wrappers: Readonly<Record<string, Wrapper>> = {
  sudo: { values: ['-u', '-g', '-h', '-p', '-C', '-D', '-r', '-t', '-T', '-U', '--user', '--group'], assigns: true },
  doas: { values: ['-u', '-C'] },
  env: { values: ['-u', '--unset', '-C', '--chdir'], assigns: true, scripts: ['-S', '--split-string'] },
  nohup: plain,
  setsid: plain,
  command: { unless: ['-v', '-V'] },
  builtin: plain,
  exec: { values: ['-a'] },
  time: { values: ['-f', '-o', '--format', '--output'] },
  nice: { values: ['-n', '--adjustment'] },
  ionice: { values: ['-c', '-n', '-p'] },
  chrt: { operands: 1 },
  taskset: { operands: 1 },
  stdbuf: { values: ['-i', '-o', '-e'] },
  timeout: { values: ['-s', '--signal', '-k', '--kill-after'], operands: 1 },
  gtimeout: { values: ['-s', '--signal', '-k', '--kill-after'], operands: 1 },
  caffeinate: { values: ['-t', '-w'] },
  unbuffer: plain,
  faketime: { operands: 1 },
  retry: { values: ['-t', '-d', '--times', '--delay'] },
  xargs: {
    values: [
      '-I',
      '-i',
      '-n',
      '-P',
      '-L',
      '-d',
      '-E',
      '-s',
      '-a',
      '--max-args',
      '--max-procs',
      '--replace',
      '--delimiter',
      '--arg-file',
    ],
    more: true,
  },
  parallel: { values: ['-j', '--jobs', '-N', '-n', '-a', '--colsep'], joins: true, more: true },
  flock: { values: ['-w', '--timeout', '-E'], operands: 1, scripts: ['-c', '--command'] },
  script: { scripts: ['-c', '--command'], operands: 1 },
  su: { scripts: ['-c', '--command'], operands: 99 },
  runuser: { scripts: ['-c', '--command'], values: ['-u'] },
  chroot: { operands: 1, far: true },
  unshare: plain,
  strace: { values: ['-o', '-e', '-p', '-s'] },
  ltrace: { values: ['-o', '-e'] },
  expect: { scripts: ['-c'], operands: 99 },
  spawn: plain,
  tmux: {
    values: ['-s', '-n', '-t', '-c', '-x', '-y', '-L', '-S', '-f'],
    behind: [
      ['new-session', 'new', 'send-keys', 'send', 'split-window', 'new-window', 'respawn-pane', 'run-shell', 'run'],
    ],
    joins: true,
  },
  screen: { values: ['-S', '-s', '-c', '-h', '-p', '-t'] },
  watch: { values: ['-n', '--interval', '-d'], joins: true },
  ssh: {
    values: [
      '-b',
      '-c',
      '-D',
      '-E',
      '-e',
      '-F',
      '-I',
      '-i',
      '-J',
      '-L',
      '-l',
      '-m',
      '-O',
      '-o',
      '-p',
      '-Q',
      '-R',
      '-S',
      '-W',
      '-w',
    ],
    operands: 1,
    joins: true,
    far: true,
  },
  trap: { unless: ['-p', '-l'] },
  busybox: plain,
  toybox: plain,
  winpty: plain,
  wsl: { values: ['-d', '-u', '--cd'] },
  npx: packageRunner,
  bunx: packageRunner,
  pnpx: packageRunner,
  tsx: { values: ['--tsconfig'], unless: ['-e', '--eval'] },
  npm: { ...packageRunner, behind: [['exec', 'x']] },
  pnpm: {
    ...packageRunner,
    values: [...packageRunner.values!, '-C', '--dir', '--filter', '-F'],
    behind: [['exec', 'dlx']],
  },
  yarn: { behind: [['exec', 'dlx']] },
  bun: { behind: [['x']] },
  corepack: plain,
  bundle: { behind: [['exec']] },
  poetry: { values: ['-C', '--directory'], behind: [['run']] },
  pipenv: { behind: [['run']] },
  uv: { values: ['--with', '--python', '-p', '--directory', '--project', '--env-file'], behind: [['run']] },
  pdm: { behind: [['run']] },
  hatch: { behind: [['run']] },
  rye: { behind: [['run']] },
  mise: { behind: [['exec', 'x']], dashes: true },
  asdf: { behind: [['exec']] },
  rbenv: { behind: [['exec']] },
  direnv: { behind: [['exec']], operands: 1 },
  volta: { behind: [['run']], values: ['--node', '--npm', '--yarn'] },
  fnm: { behind: [['exec']], values: ['--using'], dashes: false },
  nvm: { behind: [['exec', 'run']], operands: 1 },
  dotenv: { values: ['-e', '-f', '-c', '-v', '-p'], assigns: true },
  dotenvx: { values: ['-f', '-e', '--env-file'], behind: [['run']], assigns: true },
  'env-cmd': { values: ['-f', '-e', '--file', '--environments'] },
  'cross-env': { assigns: true },
  'cross-env-shell': { assigns: true, joins: true },
  rtk: plain,
  doppler: { behind: [['run']], dashes: true, scripts: ['--command'], values: ['-p', '-c'] },
  op: { behind: [['run']], dashes: true },
  infisical: { behind: [['run']], dashes: true },
  railway: { behind: [['run']], values: ['-s', '--service', '-e', '--environment'] },
  heroku: { behind: [['run', 'run:detached', 'run:inside']], values: ['-a', '--app', '-r', '--remote'], far: true },
  fly: { behind: [['ssh'], ['console']], scripts: ['-C', '--command'], far: true },
  flyctl: { behind: [['ssh'], ['console']], scripts: ['-C', '--command'], far: true },
  docker: { behind: [['exec', 'run', 'compose', 'container']], operands: 1, far: true, keep: true },
  podman: { behind: [['exec', 'run']], operands: 1, far: true, keep: true },
  'docker-compose': { behind: [['exec', 'run']], operands: 1, far: true, keep: true },
  kubectl: { behind: [['exec']], dashes: true, far: true, keep: true },
  'systemd-run': { values: ['-p', '--property', '--unit', '-u'] },
  entr: plain,
  nodemon: { scripts: ['--exec', '-x'], operands: 99 },
  concurrently: { joins: true },
  'nix-shell': { scripts: ['--run', '--command'], operands: 99 },
  nix: { behind: [['develop', 'shell']], scripts: [], dashes: false, values: [] },
};

/** Options of docker's that take a value; the same words mean a container and a command behind them. */
const dockerValues = [
  '-e',
  '--env',
  '--env-file',
  '-v',
  '--volume',
  '-w',
  '--workdir',
  '-u',
  '--user',
  '-p',
  '--publish',
  '--name',
  '--network',
  '--entrypoint',
  '-f',
  '--file',
  '--mount',
  '--platform',
  '-l',
  '--project-name',
];

/** `-c`, also at the end of a cluster: `script -qc`. */
const isScriptOption = ({ scripts }: Wrapper, option: string) =>
  scripts?.includes(option) === true || (/^-[a-z]+$/i.test(option) && scripts?.includes(`-${option.at(-1)}`) === true);

/** Takes one layer off; null where the run starts nothing else. */
export function takeOff(run: Run): Taken | null {
  const name = programName(run.words[0]!.text);
  if (name === 'find' || name === 'fd') return takeFind(run);
  if (name === 'trap') return takeTrap(run);
  if (/^(?:cmd|powershell|pwsh)$/.test(name)) return takeWindows(run, name);
  const wrapper = Object.hasOwn(wrappers, name) ? wrappers[name]! : null;
  if (wrapper === null) return null;
  if (/^(?:yarn|pnpm|bun)$/.test(name)) {
    const bin = ofPackages(run);
    if (bin !== null) return bin;
  }
  return unwrap(run, name, wrapper);
}

/** Subcommands of the package managers that also start programs by their bare name. */
const managerWords =
  /^(?:add|install|i|remove|rm|uninstall|un|up|update|upgrade|run|exec|dlx|x|publish|pack|link|unlink|why|list|ls|outdated|audit|init|create|config|cache|info|login|logout|version|workspaces?|store|root|bin|dedupe|import|patch|rebuild|prune|fetch|env|setup|deploy|pm|start|node|set|plugin|self-update|licenses|help)$/;

/** `yarn prisma …`, `pnpm prisma …`: the program of a package. */
function ofPackages(run: Run): Taken | null {
  const at = run.words.findIndex(({ text }, index) => index > 0 && !text.startsWith('-'));
  if (run.words.some(({ text }) => /^(?:-e|-p|--eval|--print)$/.test(text))) return null;
  if (at < 0 || managerWords.test(run.words[at]!.text)) return null;
  return { ...nothing, inner: run.words.slice(at), more: false, keep: false };
}

function unwrap(run: Run, name: string, wrapper: Wrapper): Taken | null {
  const words = run.words.slice(1);
  const env = new Map<string, string>();
  const scripts: string[] = [];
  const values = [...(wrapper.values ?? []), ...(/docker|podman/.test(name) ? dockerValues : [])];
  let behind = [...(wrapper.behind ?? [])];
  let operands = wrapper.operands ?? 0;
  let cwd: string | undefined;
  let at = 0;
  for (; at < words.length; at++) {
    const { text } = words[at]!;
    if (wrapper.unless?.includes(text)) return null;
    if (text === '--') {
      if (
        behind.length > 0 ||
        (operands > 0 && operands < 90 && wrapper.dashes !== true && name !== 'timeout' && !/docker|podman/.test(name))
      )
        continue;
      at++;
      break;
    }
    const [option, value] =
      text.startsWith('--') && text.includes('=')
        ? [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]
        : [text, undefined];
    if (isScriptOption(wrapper, option)) scripts.push(value ?? words[++at]?.text ?? '');
    else if (name === 'env' && /^-S./.test(text)) scripts.push(text.slice(2));
    else if (wrapper.assigns && /^[A-Za-z_]\w*=/s.test(text))
      env.set(text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1));
    else if (values.includes(option)) {
      const taken = value ?? words[++at]?.text;
      if (name === 'env' && /^(?:-C|--chdir)$/.test(option) && taken !== undefined) cwd = taken;
    } else if (text.startsWith('-') && text !== '-') continue;
    else if (behind.length > 0) {
      if (!behind[0]!.includes(text)) return null;
      if (text === 'compose' || text === 'container') behind = [['exec', 'run']];
      else behind = behind.slice(1);
    } else if (operands > 0) operands--;
    else break;
  }
  if (behind.length > 0) return null;
  const dashes = words.findIndex(({ text }) => text === '--');
  if (wrapper.dashes === true && dashes >= at) at = dashes + 1;
  const rest =
    wrapper.dashes === true && !words.some(({ text }) => text === '--') && wrapper.behind === undefined
      ? []
      : words.slice(at);
  const isScript = scripts.length > 0 && name !== 'env';
  const given = run.input?.text ?? null;
  const implied =
    name !== 'xargs'
      ? []
      : given === null
        ? impliedFiles(run.input?.from ?? null)
        : given
            .split(/\s+/)
            .filter((text) => text !== '')
            .slice(0, 500)
            .map((text) => ({ text, glob: false }));
  const inner = wrapper.joins || isScript ? [] : rest;
  if (wrapper.joins && rest.length > 0)
    scripts.push(...(name === 'concurrently' ? rest.map(({ text }) => text) : [joined(name, rest)]));
  if (name === 'env' && scripts.length > 0) scripts[scripts.length - 1] += ` ${rest.map(({ text }) => text).join(' ')}`;
  return {
    inner:
      name === 'env' && scripts.length > 0 ? [] : [...unversioned(inner, name), ...(inner.length === 0 ? [] : implied)],
    scripts,
    words: [],
    env,
    ...(cwd === undefined ? {} : { cwd: isKnown(cwd) ? cwd : null }),
    far: wrapper.far === true,
    more: wrapper.more === true,
    keep: wrapper.keep === true,
  };
}

const joined = (name: string, words: readonly Word[]) =>
  words.map(({ text }) => (name === 'parallel' ? text.replaceAll('{}', '$PROTECT_UNKNOWN') : text)).join(' ');

/** `npx NAME@VERSION`. */
function unversioned(words: readonly Word[], name: string): readonly Word[] {
  const [first, ...rest] = words;
  if (first === undefined || !/^(?:npx|bunx|pnpx|npm|pnpm|yarn|bun)$/.test(name)) return words;
  return [{ ...first, text: first.text.replace(/(?<=.)@[\w.^~-]+$/, '') }, ...rest];
}

const nothing = { scripts: [], words: [], env: new Map<string, string>(), far: false, more: true, keep: true } as const;

/** `find … -exec COMMAND {} \;`, where `{}` is whatever is found. */
function takeFind(run: Run): Taken | null {
  const at = run.words.findIndex(({ text }) => /^-(?:exec|execdir|ok|okdir|x|X|-exec|-exec-batch)$/.test(text));
  if (at < 0) return null;
  const end = run.words.findIndex(
    ({ text }, index) => index > at && (text === ';' || (text === '+' && run.words[index - 1]!.text === '{}')),
  );
  const roots = run.words
    .slice(1, at)
    .filter(
      ({ text }, index, all) =>
        !text.startsWith('-') && all.slice(0, index).every((before) => !/^[-(!]/.test(before.text)),
    );
  const name = run.words.find((_, index) => /^-i?name$/.test(run.words[index - 1]?.text ?? ''))?.text;
  const found: Word[] = (roots.length === 0 ? [{ text: '.', glob: false }] : roots).map(({ text }) => ({
    text: `${text.replace(/\/$/, '')}/${name === undefined ? '*' : `**/${name}`}`,
    glob: true,
  }));
  const inner = run.words
    .slice(at + 1, end < 0 ? undefined : end)
    .flatMap((word) => (word.text === '{}' ? found : [word]));
  return { ...nothing, inner };
}

function takeTrap(run: Run): Taken | null {
  const script = run.words[1]?.text;
  return script === undefined || script.startsWith('-')
    ? null
    : { ...nothing, inner: [], scripts: [script], more: false, keep: false };
}

/** `cmd /c TEXT`; PowerShell's own texts are read by their own reader. */
function takeWindows(run: Run, name: string): Taken | null {
  if (name !== 'cmd') return null;
  const at = run.words.findIndex(({ text }) => /^\/{1,2}[ck]$/i.test(text));
  if (at < 0) return null;
  return {
    ...nothing,
    inner: [],
    scripts: [
      run.words
        .slice(at + 1)
        .map(({ text }) => text)
        .join(' '),
    ],
    more: false,
    keep: false,
  };
}
