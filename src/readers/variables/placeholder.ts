const filled =
  /^<.*>$|^\[.*\]$|^\{\{.*\}\}$|^\$\{.*\}$|^__.*__$|^(?:x{3,}|\*{3,}|\.{3,}|-{3,}|_{3,}|\?{3,}|0{8,})$|change[-_ ]?(?:me|this|it)|^(?:your|my)[-_ ]|[-_ ](?:goes[-_ ])?here$|^(?:todo|tbd|fixme|replace|placeholder|example|sample|dummy|insert|enter|generate|paste|fill)(?:[-_ ]|$)|replace[-_ ]?(?:me|this|with)|@example\.(?:com|org|net)$/i;

/** Is a value one that says what belongs there? */
export function isPlaceholder(value: string): boolean {
  return filled.test(value.trim());
}

const secretName =
  /(?:^|_)(?:secret|key|token|pass(?:word|wd|phrase)?|pwd|pepper|salt|credentials?|auth|cert|private)(?:_|$)|(?:secret|token|password|apikey)s?$/i;

/** Does the name of a variable say that its value is a secret? */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** A number, a word, an address without a password: the same here as in the example, and right. */
const ordinary = /^(?:[\w.:,*+-]{0,24}|[a-z][a-z+]*:\/\/(?![^/]*:[^/]*@)\S*|\/\S*)$/i;

/** Was the value taken over from an example as it stands? @param example what the example has; undefined: it has none */
export function isUnfilled(name: string, value: string, example: string | undefined): boolean {
  if (isPlaceholder(value)) return true;
  return example === value && (isSecretName(name) || !ordinary.test(value));
}
