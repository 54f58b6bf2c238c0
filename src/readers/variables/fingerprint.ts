/**
 * Fingerprints of values that must not change: `scrypt:<salt>:<hash>`, both base64url without padding, of 16 and 32
 * bytes. Hashed is the name of the variable, a zero byte and the value, in UTF-8, so that two swapped values are seen.
 * The cost is fixed, 32 MiB and some 70 ms for one guess, because the policy is public to whoever reads the repository.
 * @see https://www.rfc-editor.org/rfc/rfc7914
 */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 << 20 };
const saltBytes = 16;
const hashBytes = 32;

/** Makes a fingerprint with a salt of its own. */
export async function fingerprint(name: string, value: string): Promise<string> {
  const salt = crypto().randomBytes(saltBytes);
  return `scrypt:${salt.toString('base64url')}:${(await derive(name, value, salt)).toString('base64url')}`;
}

/**
 * Is this the value that the fingerprint was made of? Takes the same time whatever it is.
 * @throws SyntaxError when `print` is no fingerprint
 */
export async function fits(print: string, name: string, value: string): Promise<boolean> {
  const match = /^scrypt:([A-Za-z0-9_-]{22}):([A-Za-z0-9_-]{43})$/.exec(print);
  if (!match) throw new SyntaxError('not a fingerprint');
  const [salt, hash] = [Buffer.from(match[1]!, 'base64url'), Buffer.from(match[2]!, 'base64url')];
  return crypto().timingSafeEqual(await derive(name, value, salt), hash);
}

/** Not imported: a hook would pay for loading it. */
function crypto() {
  return process.getBuiltinModule('node:crypto');
}

function derive(name: string, value: string, salt: Buffer): Promise<Buffer> {
  return new Promise((done, fail) => {
    crypto().scrypt(`${name}\0${value}`, salt, hashBytes, cost, (error, hash) => (error ? fail(error) : done(hash)));
  });
}
