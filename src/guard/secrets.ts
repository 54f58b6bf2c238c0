/** The text without the values of variables, passwords in addresses, and what follows a flag for a secret. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/([a-z][\w+.-]*:\/\/)[^\s/@'"]+@/gi, '$1…@')
    .replace(
      /(\b(?:[A-Z][A-Z0-9_]*_)?(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|PWD|CREDENTIALS?|AUTH|URL|DSN|[A-Z0-9_]{3,}))=(?:"[^"]*"|'[^']*'|[^\s"';&|]+)/g,
      (whole, name: string) => (/^(?:HUSKY|LEFTHOOK|SKIP|GIT_CONFIG_COUNT)$/.test(name) ? whole : `${name}=…`),
    )
    .replace(/(--?(?:password|passwd|pass|token|secret|api-?key|auth)[= ])(?:"[^"]*"|'[^']*'|\S+)/gi, '$1…')
    .replace(/(\bauthorization:\s*(?:bearer|basic|token)?\s*)[^\s'"]+/gi, '$1…')
    .replace(/\b(?:gh[pousr]_|github_pat_|glpat-|sk-|xox[abp]-|AKIA)[\w-]{8,}/g, '…');
}
