import { isPublished } from '../secrets/own.ts';
import { isEmpty, parseEnvironment } from './parse.ts';
import { isPlaceholder, isSecretName } from './placeholder.ts';

/** Bytes of an environment file of settings. */
export const largestSettings = 64 << 10;

/** `${NAME}`, `true`, `3600`: what is said elsewhere, or too little to be a secret. */
const saysNothing = /^\$\{?\w+\}?$|^(?:true|false|none|null|\d{1,6})$/i;

/** Variables of an environment file whose names say that they are secrets, and that have a value of their own. */
export function secretVariables(bytes: Buffer): string[] {
  return [...parseEnvironment(bytes)]
    .filter(([name, value]) => isSecretName(name) && !isPublished(name) && !isEmpty(value))
    .filter(([, value]) => !isPlaceholder(value) && !saysNothing.test(value.trim()))
    .map(([name]) => name);
}
