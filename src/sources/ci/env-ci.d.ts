declare module 'env-ci' {
  /** @see https://github.com/semantic-release/env-ci#api */
  export default function envCi(options: { env: NodeJS.ProcessEnv; cwd: string }): {
    readonly isCi: boolean;
    readonly name?: string;
    readonly service?: string;
    readonly isPr?: boolean;
    readonly branch?: string;
    readonly tag?: string;
  };
}
