import { join } from 'node:path';
import { foldersOf } from './git/plain-files.ts';
import { passesAgain } from './judge/remembered.ts';
import { startScript } from './machine/start-script.ts';

/** What the Git hooks start: `node hook.cjs GATE …`. CommonJS, because Node starts that faster. */

// The shim hands on under another name what Node would read at its start.
const { PROTECT_EXTRA_CA_CERTS: certificates } = process.env;
if (certificates !== undefined) {
  delete process.env['PROTECT_EXTRA_CA_CERTS'];
  process.env['NODE_EXTRA_CA_CERTS'] = certificates;
}

/** Digest of hook-process.cjs, which the build puts here; not there where the files are compiled one by one. */
declare const builtWith: string | undefined;
const content = typeof builtWith === 'string' ? builtWith : null;

const folders = foldersOf(process.cwd(), process.env);
if (folders === null || !passesAgain(process.argv.slice(2), folders, process.cwd(), process.env))
  startScript(
    join(import.meta.dirname, 'hook-process.cjs'),
    content,
    folders && join(folders.commonDir, 'protect', 'cache'),
  );
