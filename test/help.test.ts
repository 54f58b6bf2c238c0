import { equal, is, match, ok } from 'uvu/assert';
import { listed } from '../src/commands/listed.ts';
import { commands as table } from '../src/commands/main.ts';
import { golden } from './support/golden.ts';
import { suite } from './support/suite.ts';
import { folder, Repo } from './support/world.ts';

const test = suite('help');
const repo = new Repo(folder());
const help = (...args: string[]) => repo.protect(...args, '--help');

/** The names in the overview. */
const commands = [...repo.protect('--help').stdout.matchAll(/^ {2}(\w+) {2}/gm)].map(([, name]) => name!);

test('each command says what each of its flags is for, and has an example that names no others', () => {
  ok(commands.length >= 9, commands.join(' '));
  for (const name of commands) {
    const { code, stdout, stderr } = help(name);
    equal([code, stderr], [0, ''], name);
    const rows = [...stdout.matchAll(/^ {2}(?:-(\w), )?--([\w-]+)(?: \S+)?(?: …)? {2,}(.*)$/gm)];
    const listed = rows.flatMap(([, short, long]) => [`--${long}`, ...(short ? [`-${short}`] : [])]);
    for (const [, , long, means] of rows) ok(means!.length > 10, `${name} --${long}`);
    const known = /its flags: (.*)/.exec(repo.protect(name, '--no-such-flag').stderr)?.[1]?.split(', ') ?? [];
    for (const flag of known) ok(listed.includes(flag), `${name} ${flag}`);
    const example = /^example: npx git-protect (\w+)(.*)$/m.exec(stdout)!;
    is(example[1], name);
    for (const [, flag] of example[2]!.matchAll(/ (--?[a-z][\w-]*)/g)) ok(listed.includes(flag!), `${name} ${flag}`);
    for (const line of stdout.split('\n')) ok(line.length <= 120, line);
  }
});

test('so does each second word with flags of its own', async () => {
  const verbs = (await listed(table)).flatMap(({ name, verbs, usage }) =>
    usage.verbs === undefined ? [] : verbs.map((verb) => ({ words: [name, verb.name], usage: verb.usage })),
  );
  ok(verbs.length >= 16, `${verbs.length}`);
  for (const { words, usage } of verbs) {
    const { code, stdout, stderr } = help(...words);
    equal([code, stderr], [0, ''], words.join(' '));
    match(stdout, `\nexample: npx git-protect ${words.join(' ')}`);
    const own = / -- .*$/;
    for (const [, flag] of usage.example.replace(own, '').matchAll(/ --([a-z][\w-]*)/g))
      ok(Object.hasOwn(usage.flags, flag!), `${words} --${flag}`);
    for (const line of stdout.split('\n')) ok(line.length <= 120, line);
  }
});

test('help as it is printed', () => {
  golden('help-ci', help('ci'));
  golden('help-approve', help('approve'));
  golden('help-wire', help('wire'));
  is(repo.protect('ci', '-h').stdout, help('ci').stdout);
  is(help('approval', 'add').stdout, help('approval').stdout);
});

test('a value that looks like a call for help is a value', () => {
  for (const args of [
    ['ci', '--title', '--help'],
    ['ci', '--base', 'HEAD', '--title', '-h'],
    ['approve', '--reason', '--help'],
  ])
    is.not(repo.protect(...args).code, 0, args.join(' '));
});
