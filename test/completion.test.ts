import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { type Listed, listed } from '../src/commands/listed.ts';
import { commands } from '../src/commands/main.ts';
import { needing, suite } from './support/suite.ts';
import { newRepo, programs, run } from './support/world.ts';

const repo = newRepo({ install: false });
repo.commit('start', { 'a file.txt': 'x\n' });
repo.git('branch', 'topic');
repo.git('update-ref', `refs/heads/$(touch$\{IFS}owned)`, 'HEAD');
for (const shell of ['bash', 'zsh', 'fish']) {
  const made = repo.protect('completion', shell);
  equal([made.code, made.stderr], [0, ''], shell);
  writeFileSync(join(repo.dir, `.git/${shell}`), made.stdout);
}
const table = await listed(commands);
const test = suite('completion');

/** What the shell itself offers at the end of each line. */
const shells: Record<string, (line: string) => string[]> = {
  bash: (line) => {
    const script = `source .git/bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _git_protect; printf '%s\\n' "$\{COMPREPLY[@]}"`;
    return lines('bash', ['-c', script, 'bash', ...line.split(' ')]);
  },
  fish: (line) =>
    lines('fish', ['--no-config', '-c', 'source .git/fish; complete -C $argv[1]', line]).map(
      (one) => one.split('\t')[0]!,
    ),
  zsh: (line) => {
    const out = lines('zsh', ['-f', '-c', zshDriver, 'zsh', line]).join('\n');
    return [...out.matchAll(/<<(.*?)>>/g)]
      .map(([, name]) => name!.replaceAll('\\', ''))
      .filter((name) => name !== 'END');
  },
};

/** zsh completes on a terminal alone, so it gets one; what it would add is told and nothing is put in. */
const zshDriver = `zmodload zsh/zpty
zpty -b z zsh -f -i
zpty -w z 'PS1= PS2=; autoload -Uz compinit; compinit -u -D; source .git/zsh'
zpty -w z 'compadd() { [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] && { builtin compadd "$@"; return }; local -a hits; builtin compadd -O hits "$@"; print -rl -- "<<"\${^hits}">>" }'
zpty -w z 'offered() { _main_complete; compstate[insert]= compstate[list]=; print "<<E""ND>>" }; zle -C try complete-word offered; bindkey "^I" try; print "<<REA""DY>>"'
zpty -r z out '*<<READY>>*'
zpty -w -n z "$1"$'\\t'
zpty -r z out '*<<END>>*'
print -r -- "$out"
zpty -d z`;

function lines(command: string, args: string[]): string[] {
  const done = run(repo.dir, command, args, { env: { TERM: 'xterm' } });
  is(done.code, 0, done.out);
  is(done.stderr, '');
  return done.stdout.split('\n').filter((line) => line !== '');
}

const missing = (shell: string) => (programs.some((folder) => existsSync(join(folder, shell))) ? null : shell);

for (const [shell, offered] of Object.entries(shells))
  needing(test, missing(shell), `${shell} offers commands, second words, flags, values, files and refs`, () => {
    equal(offered('protect ini'), ['init']);
    equal(offered('git-protect db ru'), ['run']);
    equal(offered('protect policy ').sort(), ['check', 'show']);
    equal(offered('protect ci --ba'), ['--base']);
    equal(offered('protect ci --format sa'), ['sarif']);
    equal(offered('protect init --ci g').sort(), ['github', 'gitlab']);
    equal(offered('protect backup verify --qu'), ['--quick']);
    equal(offered('protect request -o a'), ['a file.txt']);
    equal(offered('protect ci --base ').sort(), ['main', 'topic']);
    is(repo.has('owned'), false, 'the name of a ref is no command');
  });

test('bash offers every command and every flag of the table, also behind git', () => {
  const offered = shells['bash']!;
  const flagsOf = ({ usage }: Listed) => [...Object.keys(usage.flags).map((flag) => `--${flag}`), '--help'];
  equal(offered('protect '), [...table.map(({ name }) => name), '--help', '--version']);
  for (const command of table) {
    if (command.verbs.length > 0)
      equal(
        offered(`protect ${command.name} `).filter((name) => /^[a-z-]+$/.test(name) && name !== 'a'),
        command.verbs.map(({ name }) => name),
      );
    if (command.usage.verbs === undefined) equal(offered(`protect ${command.name} --`), flagsOf(command), command.name);
    else for (const verb of command.verbs) equal(offered(`git protect ${command.name} ${verb.name} --`), flagsOf(verb));
  }
});

test('a shell that is not known is named, with those that are', () => {
  const unknown = repo.protect('completion', 'tcsh');
  is(unknown.code, 2);
  match(unknown.stderr, "there is no completion for 'tcsh'");
  match(unknown.stderr, 'one of: bash, zsh, fish');
  is(repo.protect('completion').code, 2);
  ok(repo.protect('completion', 'bash').stdout.startsWith('# Completion'));
});
