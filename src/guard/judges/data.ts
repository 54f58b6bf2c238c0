import { hole, isKnown, programName } from '../shell/run.ts';
import type { World } from '../world.ts';
import { byClient } from './data/clients.ts';
import { productionNames } from './data/connection.ts';
import { byFramework } from './data/frameworks.ts';
import type { Judge, Part } from './judge.ts';

/** Destroying data anywhere but in a test database, and anything that names production. */
export const data: Judge = (part, world) => {
  const named = namesProduction(part, world);
  if (named !== null)
    return [
      {
        kind: 'data',
        part: part.run.text,
        message: `it names ${named}, which the policy counts as production`,
        help: 'name a test target, or ask the person you work for to run it',
      },
    ];
  const found = byClient(part.run, world) ?? byFramework(part.run, world);
  if (found === null || (found.where.is === 'test' && !isElsewhere(part))) return [];
  const why = found.where.is === 'test' ? 'it runs on another machine' : found.where.why;
  return [
    {
      kind: 'data',
      part: part.run.text,
      message: `${found.what} destroys data, and ${why.replaceAll(hole, '…')}`,
      help: 'name a database of this machine in the command itself, or have the policy let it through: guard: { allow: [{ command, where: test, reason }] }',
    },
  ];
};

/** On another machine `localhost` is another one; a container is of this one. */
const isElsewhere = ({ run }: Part) =>
  run.far &&
  run.around.some(
    ([name]) =>
      !/^(?:docker|podman|docker-compose)$/.test(programName(name?.text ?? '')) &&
      /^(?:ssh|kubectl|heroku|fly|flyctl)$/.test(programName(name?.text ?? '')),
  );

/** Programs whose words are texts to look for or to say, not places to go to. */
const onlyTexts =
  /^(?:grep|egrep|fgrep|rg|ag|ack|echo|printf|sed|awk|jq|ls|stat|test|\[|:|export|wc|find|fd|dig|nslookup|host|whois|git-protect|protect|gh|glab)$/;
/** Of those some read the files that are named to them. */
const readsFiles = /^(?:grep|egrep|fgrep|rg|ag|ack|sed|awk|jq)$/;

/** Host, port or file of production that a part names; null: none. */
function namesProduction(part: Part, world: World): string | null {
  const { hosts, ports, files } = productionNames(world);
  if (hosts.length + ports.length + files.length === 0) return null;
  if (part.git !== null && !/^(?:push|fetch|clone|pull|ls-remote|remote)$/.test(part.git.name ?? ''))
    return gitShows(part, files);
  const isText = onlyTexts.test(part.name);
  const words = [
    ...part.words.slice(1),
    ...part.run.around.flatMap((wrapper) => wrapper.map(({ text }) => text)),
    ...(isText ? [] : [...part.run.env.values()]),
  ];
  for (const file of files)
    if ((!isText || readsFiles.test(part.name)) && words.some((word) => isFile(word, file))) return file;
  for (const { target } of part.run.redirects) if (files.some((file) => isFile(target.text, file))) return target.text;
  if (isText) return null;
  const all = [
    ...words,
    ...(part.run.input?.text != null && /^(?:psql|mysql|python\d?|node|nc|telnet|sftp)$/.test(part.name)
      ? [part.run.input.text]
      : []),
  ].filter((word) => isKnown(word) || word.length > 8);
  for (const host of hosts) if (all.some((word) => namesHost(word, host))) return host;
  if (/^(?:nc|ncat|telnet|socat)$/.test(part.name))
    for (const port of ports) if (words.includes(String(port))) return `port ${port}`;
  for (const port of ports) if (all.some((word, at) => namesPort(word, all[at - 1] ?? '', port))) return `port ${port}`;
  return null;
}

const gitShows = (part: Part, files: readonly string[]) =>
  part.git!.name === 'show'
    ? (files.find((file) => part.words.some((word) => isFile(word.replace(/^.*:/, ''), file))) ?? null)
    : null;

function isFile(word: string, file: string): boolean {
  const path = word
    .replace(/^-{1,2}[\w-]+=/, '')
    .replace(/^@/, '')
    .replace(/^\.\//, '');
  return (
    path === file || path.endsWith(`/${file}`) || (path.includes(hole) && path.endsWith(file.replace(/^.*\//, '/')))
  );
}

function namesHost(word: string, host: string): boolean {
  const [text, name] = [word.toLowerCase(), host.toLowerCase().replace(/^\*\./, '')];
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const [before, after] = [text[at - 1] ?? '', text[at + name.length] ?? ''];
    if (
      !/[\w-]/.test(before) &&
      !/[\w-]/.test(after) &&
      !(before === '.' && !host.startsWith('*.')) &&
      !/^\.\w/.test(text.slice(at + name.length))
    )
      return true;
  }
  return false;
}

/** A port where ports stand: behind a colon, or as the value of an option that is called so. */
function namesPort(word: string, before: string, port: number): boolean {
  return (
    new RegExp(
      `(?:^|[\\w\\]]):${port}(?:[/?]|$)|(?:^|[?&\\s])port=${port}\\b|^-[pP]${port}$|^--port=${port}$`,
      'i',
    ).test(word) ||
    (word === String(port) && /^(?:-[pP]|--port)$/.test(before))
  );
}
