import { showPath } from '../git/raw.ts';
import type { Check, Contents, DeployEnvironment, FileStatus, Host, Policy, Problem } from '../model/index.ts';
import { list, object, text } from '../model/schema.ts';
import { toldByMagic, toldByName, toldByText } from '../readers/private-files.ts';
import { anyPattern } from '../rules/match.ts';
import { shellWord } from '../words/shell-word.ts';

/** Bytes; a private key is far smaller. */
const largestKey = 1 << 20;

/** Refuses a deploy while others may read the keys, or nobody can write backups. */
export const filePermissions: Check<'deploy' | 'contents'> = {
  id: 'file-permissions',
  summary: 'Only their owner can read private keys and `.env` files, and the backup folder is writable.',
  gates: ['pre-deploy'],
  needs: ['deploy', 'contents'],
  weakenable: true,
  timeout: 60_000,
  options: object({
    files: {
      schema: list(text('a path'), 0),
      default: [],
      doc: 'more files, as paths from the top of the working tree',
    },
  }),
  docs: {
    since: '0.1.0',
    why: 'Every account and every service on the machine can read a file that is open to all. SSH itself refuses such keys.',
    fix: 'Run `chmod 600 FILE`. The check looks at `.env` files and private keys at the top of the working tree and in its folders, the `environment.file` of the environment, and what `checks.file-permissions.options.files` names. A file that Git tracks and that `checks.forbidden-files.options.allow` names, such as a test key, is public anyway.',
  },
  async run({ deploy, options, policy, contents }) {
    const { host, environment } = deploy;
    const shared = await sharedFiles(policy, contents);
    const backups = await backupsFolder(environment, host);
    if ((await host.status('.'))?.permissions === null)
      return environment.backups ? backups : { skipped: 'this system has no file permissions' };
    const { files = [] } = (options ?? {}) as { files?: readonly string[] };
    const problems: Problem[] = [];
    const named = environment.environment?.file ? [environment.environment.file, ...files] : files;
    for (const path of new Set([...named, ...(await openFiles(host)).filter((path) => !shared.has(path))])) {
      const status = await host.status(path);
      if (status === null && files.includes(path))
        problems.push({ path, message: 'the policy names it, and it is not there' });
      if (status === null || isClosed(status)) continue;
      problems.push({
        path,
        message: `others can use it: its permissions are ${octal(status.permissions ?? 0)}`,
        help: `chmod ${status.kind === 'folder' ? 700 : 600} ${shellWord(path)}`,
      });
    }
    return [...problems, ...backups];
  },
};

/** What Git tracks and the policy allows: whoever has the repository has it, and a checkout gives it its usual mode. */
async function sharedFiles({ checks }: Policy, contents: Contents): Promise<ReadonlySet<string>> {
  const { allow = [] } = (checks['forbidden-files']?.options ?? {}) as { allow?: readonly string[] };
  if (allow.length === 0) return new Set();
  const isAllowed = anyPattern(allow);
  return new Set((await contents.paths()).filter(isAllowed).map(showPath));
}

const octal = (permissions: number) => permissions.toString(8).padStart(3, '0');

async function backupsFolder({ backups }: DeployEnvironment, host: Host): Promise<Problem[]> {
  if (backups === null) return [];
  const path = backups.folder;
  const refuse = (message: string, help: string) => [{ path, message, help: `${help} ${shellWord(path)}` }];
  const status = await host.status(path);
  if (status === null) return refuse('the folder of backups is not there', 'mkdir -p');
  if (status.kind !== 'folder') return refuse('the folder of backups is a file', 'ls -l');
  if (!(await host.isWritable(path))) return refuse('the folder of backups cannot be written', 'chmod u+w');
  return [];
}

/** `.env` files and private keys at the top and in the folders there, as far as others can use them. */
async function openFiles(host: Host): Promise<string[]> {
  const found: string[] = [];
  const look = async (folder: string, below: boolean) => {
    for (const name of (await host.list(folder === '' ? '.' : folder)) ?? []) {
      if (/^(?:\.git|node_modules)$/.test(name)) continue;
      const path = folder + name;
      if (below) await look(`${path}/`, false);
      if (await isOpenSecret(host, path, name.toLowerCase())) found.push(path);
    }
  };
  await look('', true);
  return found;
}

async function isOpenSecret(host: Host, path: string, name: string): Promise<boolean> {
  const told = toldByName(name)?.kind;
  const byName = told === 'environment' || told === 'key' || told === 'credentials';
  if (!byName && !mayBeKey.test(name)) return false;
  const status = await host.status(path);
  if (status?.kind !== 'file' || isClosed(status)) return false;
  if (byName) return true;
  if (status.size > largestKey) return false;
  // A certificate has the same name as a key, and may be read by all.
  const bytes = await host.read(path, largestKey);
  return bytes !== null && (toldByMagic(bytes) ?? toldByText(name, bytes.toString('utf8'), false))?.kind === 'key';
}

const isClosed = ({ permissions }: FileStatus) => permissions === null || (permissions & 0o077) === 0;

/** Names of files that hold either a key or what anybody may see. */
const mayBeKey = /\.(?:pem|key|p8|pk8|der|asc|gpg)$|^[^.]*(?:key|_rsa|_ed25519|_ecdsa|_dsa)$/;
