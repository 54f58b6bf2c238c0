import { bareAt, quotedAt } from './literal.ts';
import { isChosenPassword, isPlaceholder, isRandom, isStrongPassword } from './plausible.ts';
import { type Read, type Rule, reader } from './rule.ts';

/** What stands before the password of a command, from the keyword on. */
const options = {
  // curl -u user:password, --user=user:password; not `-u URL`, not `-u 1000:1000`
  user: /-(?:u|-(?:proxy-)?user)(?:[ \t]{1,9}|=)\\?["']?(?!\w{1,20}:\/\/)[^\s:"'$]{0,80}:(?:["'](?=["']))?/y,
  sshpass: /sshpass\s{1,9}-p\s{0,9}/y,
  mysql: /(?:mysql|mariadb)\w{0,10}\s[^\n|;&]{0,200}?\s-p(?=\S)/y,
  short: /(?:docker|podman|helm|mongosh?|mongodump|mongorestore|az|oc)\s[^\n|;&]{0,200}?\s-p[ \t]{1,9}/y,
  redis: /redis-cli\s[^\n|;&]{0,200}?\s-a[ \t]{1,9}/y,
  ldap: /ldap\w{3,8}\s[^\n|;&]{0,200}?\s-w[ \t]{1,9}/y,
  sqlcmd: /(?:sqlcmd|bcp)\s[^\n|;&]{0,200}?\s-P[ \t]{0,9}/y,
  openssl: /-pass(?:in|out)?[ \t]{1,9}["']?pass:/y,
};

/** Passwords that stand in the arguments of a command, where no name is beside them. */
export const commands: readonly Rule[] = [
  command([' -u ', ' --user', '--proxy-user', ' -u"', " -u'"], options.user, 1),
  command(['sshpass '], options.sshpass),
  command(['mysql', 'mariadb'], options.mysql),
  command(['docker login', 'podman login', 'helm registry', 'mongo', 'az login', 'oc login'], options.short),
  command(['redis-cli'], options.redis),
  command(['ldap'], options.ldap),
  command(['sqlcmd', 'bcp '], options.sqlcmd),
  command([' -pass'], options.openssl, 1),
];

/** @param skip how many characters of the keyword stand before what the pattern matches */
function command(keywords: readonly string[], before: RegExp, skip = 0): Rule {
  const read = (text: string, offset: number): Read[] => {
    before.lastIndex = offset + (text[offset] === ' ' ? skip : 0);
    if (!before.test(text)) return [];
    const literal = quotedAt(text, before.lastIndex) ?? bareAt(text, before.lastIndex);
    if (literal === null || !isPassword(literal.value)) return [];
    return [{ ...literal, sign: 'drawn' }];
  };
  return reader('password of a command', keywords, read, { guessable: true });
}

function isPassword(value: string): boolean {
  if (isPlaceholder(value) || value.startsWith('//')) return false;
  return isStrongPassword(value) || isRandom(value, 10) || isChosenPassword(value);
}
