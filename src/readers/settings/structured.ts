/** Names of files that are none of YAML, JSON and TOML. */
const unstructured =
  /\.(?:properties|tf|tfvars|hcl|ini|sh|xml|md|txt|sql|[cm]?[jt]sx?|py|rb|go|java|php|cs|rs)$|(?:^|\/)(?:\.env(?:\..*)?|Dockerfile|Makefile|Caddyfile|Procfile)$/i;

/** Can nothing be looked up in a file of this name? */
export function isUnstructured(file: string): boolean {
  return unstructured.test(file);
}
