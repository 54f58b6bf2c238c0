/** How a value stands beside, above or below its name in real files: `name` is in upper case with underscores. */
type Surrounding = (name: string, value: string) => string;

const lower = (name: string) => name.toLowerCase();
const dashed = (name: string) => lower(name).replaceAll('_', '-');
const camel = (name: string) => lower(name).replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
const pascal = (name: string) => camel(name).replace(/^./, (letter) => letter.toUpperCase());

/** Configuration of hosts, containers and builds; most keep name and value apart. */
export const configured: Record<string, Surrounding> = {
  'render.yaml': (n, v) => `envVars:\n  - key: ${n}\n    value: ${v}\n`,
  'Kubernetes, env': (n, v) => `env:\n  - name: ${n}\n    value: "${v}"\n`,
  'Kubernetes, value first': (n, v) => `env:\n  - value: "${v}"\n    name: ${n}\n`,
  'ECS task': (n, v) => `{ "environment": [ { "name": "${n}", "value": "${v}" } ] }\n`,
  'App Service': (n, v) => `[{ "name": "${n}", "slotSetting": false, "value": "${v}" }]\n`,
  CloudFormation: (n, v) => `- ParameterKey: ${pascal(n)}\n  ParameterValue: ${v}\n`,
  'Terraform variable': (n, v) => `variable "${lower(n)}" {\n  type    = string\n  default = "${v}"\n}\n`,
  'Terraform list of env': (n, v) => `env {\n  name  = "${n}"\n  value = "${v}"\n}\n`,
  tfvars: (n, v) => `${lower(n)} = "${v}"\n`,
  'compose map': (n, v) => `environment:\n  ${n}: ${v}\n`,
  'compose list': (n, v) => `environment:\n  - ${n}=${v}\n`,
  'Dockerfile ENV': (n, v) => `FROM node\nENV ${n}=${v}\n`,
  'Dockerfile ENV, spaced': (n, v) => `FROM node\nENV ${n} ${v}\n`,
  'Dockerfile ARG': (n, v) => `ARG ${n}="${v}"\n`,
  Makefile: (n, v) => `${n} ?= ${v}\nall:\n`,
  systemd: (n, v) => `[Service]\nEnvironment="${n}=${v}"\n`,
  nginx: (n, v) => `fastcgi_param ${n} ${v};\n`,
  Apache: (n, v) => `SetEnv ${n} ${v}\n`,
  properties: (n, v) => `app.${lower(n).replaceAll('_', '.')}=${v}\n`,
  ini: (n, v) => `[app]\n${lower(n)} = ${v}\n`,
  TOML: (n, v) => `app = { ${lower(n)} = "${v}" }\n`,
  'YAML flow': (n, v) => `env: {${n}: ${v}, DEBUG: 0}\n`,
  'YAML block': (n, v) => `${lower(n)}: |\n  ${v}\n`,
  'app.config': (n, v) => `<appSettings><add key="${pascal(n)}" value="${v}" /></appSettings>\n`,
  'XML element': (n, v) => `<${camel(n)}>${v}</${camel(n)}>\n`,
  'Android strings': (n, v) => `<string name="${lower(n)}">${v}</string>\n`,
  plist: (n, v) => `<key>${n}</key>\n\t<string>${v}</string>\n`,
  Hadoop: (n, v) => `<property>\n  <name>${lower(n)}</name>\n  <value>${v}</value>\n</property>\n`,
  'JSON in JSON': (n, v) => `{"a":"{\\"${n}\\":\\"${v}\\"}"}\n`,
};

/** What people type, and what they write down. */
export const typed: Record<string, Surrounding> = {
  'export of two': (n, v) => `export A=1 ${n}=${v}\n`,
  'before a command': (n, v) => `A=1 ${n}=${v} node server.js\n`,
  'docker run -e': (n, v) => `docker run -e ${n}=${v} image\n`,
  'docker --build-arg': (n, v) => `docker build --build-arg ${n}=${v} .\n`,
  '--set-env-vars': (n, v) => `gcloud run deploy api --set-env-vars A=1,${n}=${v},B=2\n`,
  'fly secrets set': (n, v) => `fly secrets set ${n}=${v}\n`,
  'heroku config:set': (n, v) => `heroku config:set ${n}=${v} -a shop\n`,
  'kubectl create secret': (n, v) => `kubectl create secret generic shop --from-literal=${dashed(n)}=${v}\n`,
  setx: (n, v) => `setx ${n} "${v}"\n`,
  PowerShell: (n, v) => `$env:${n} = "${v}"\n`,
  fish: (n, v) => `set -x ${n} ${v}\n`,
  'shell default': (n, v) => `A=\${${n}:-${v}}\n`,
  flag: (n, v) => `tool --${dashed(n)} ${v}\n`,
  'flag with =': (n, v) => `tool --${dashed(n)}=${v}\n`,
  header: (n, v) => `curl -H "x-${dashed(n)}: ${v}" https://api.acme.dev\n`,
  'form data': (n, v) => `curl -d '${lower(n)}=${v}' https://api.acme.dev\n`,
  query: (n, v) => `https://api.acme.dev/x?${lower(n)}=${v}&page=1\n`,
  'Markdown, bold': (n, v) => `**${n}**: \`${v}\`\n`,
  'Markdown table': (n, v) => `| Name | Value |\n|---|---|\n| ${n} | \`${v}\` |\n`,
  'a sentence': (n, v) => `The ${lower(n).replaceAll('_', ' ')} for the shop is ${v}.\n`,
  comment: (n, v) => `// ${n}=${v}\n`,
  'SQL row': (n, v) => `INSERT INTO settings (k, v) VALUES ('${n}', '${v}');\n`,
};

/** Code of the usual languages. */
export const coded: Record<string, Surrounding> = {
  'JavaScript object': (n, v) => `connect({ ${camel(n)}: '${v}' });\n`,
  'JavaScript default': (n, v) => `const a = process.env.${n} || '${v}';\n`,
  'JavaScript ??': (n, v) => `const a = process.env.${n} ?? "${v}";\n`,
  'JavaScript, joined': (n, v) => `const ${camel(n)} = '${v.slice(0, 9)}' +\n  '${v.slice(9)}';\n`,
  'TypeScript, typed': (n, v) => `const ${camel(n)}: string = '${v}';\n`,
  'pairs in an array': (n, v) => `new Map([['${n}', '${v}']]);\n`,
  'Python, environ': (n, v) => `os.environ["${n}"] = "${v}"\n`,
  'Python, next line': (n, v) => `a = os.environ.get(\n    "${n}",\n    "${v}",\n)\n`,
  'Python, parenthesis': (n, v) => `${n} = (\n    "${v}"\n)\n`,
  'Python, triple': (n, v) => `${n} = """${v}"""\n`,
  'Python, keyword': (n, v) => `connect(host=h, ${lower(n)}="${v}")\n`,
  'PHP, define': (n, v) => `define('${n}', '${v}');\n`,
  'PHP, array': (n, v) => `return ['${lower(n)}' => '${v}'];\n`,
  'Ruby, ENV': (n, v) => `ENV['${n}'] ||= '${v}'\n`,
  'Ruby, fetch': (n, v) => `ENV.fetch('${n}') { '${v}' }\n`,
  'Go, short': (n, v) => `\t${camel(n)} := "${v}"\n`,
  'Go, Setenv': (n, v) => `\tos.Setenv("${n}", "${v}")\n`,
  'Rust, const': (n, v) => `const ${n}: &'static str = "${v}";\n`,
  'Rust, unwrap_or': (n, v) => `let a = env::var("${n}").unwrap_or("${v}".into());\n`,
  Java: (n, v) => `private static final String ${n} = "${v}";\n`,
  'Java, setter': (n, v) => `client.set${pascal(n)}("${v}");\n`,
  'C#': (n, v) => `public const string ${pascal(n)} = "${v}";\n`,
  C: (n, v) => `#define ${n} "${v}"\n`,
  Swift: (n, v) => `let ${camel(n)}: String? = "${v}"\n`,
  Elixir: (n, v) => `config :shop, ${lower(n)}: "${v}"\n`,
  Perl: (n, v) => `$ENV{${n}} = '${v}';\n`,
  Notebook: (n, v) => `"source": ["${n} = \\"${v}\\"\\n"]\n`,
};
