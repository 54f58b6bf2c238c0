import type { Usage } from './options.ts';

/** What `protect NAME --help` prints. */
export function helpText(name: string, does: string, { words, flags, example, verbs = {} }: Usage): string {
  const rows = Object.entries(flags).map(([flag, { short, value, multiple, means }]) => {
    const form = `${short ? `-${short}, ` : ''}--${flag}${value ? ` ${value}` : ''}${multiple ? ' …' : ''}`;
    return { form, means };
  });
  for (const [verb, { does: it }] of Object.entries(verbs)) rows.push({ form: verb, means: it });
  const width = Math.max(0, ...rows.map(({ form }) => form.length));
  const lines = rows.map(({ form, means }) => `  ${form.padEnd(width)}  ${means}`);
  const line = ['protect', name, ...(words ? [words] : []), ...(Object.keys(flags).length > 0 ? ['[flags]'] : [])].join(
    ' ',
  );
  return `${line}\n\n${does}\n\n${lines.length > 0 ? `${lines.join('\n')}\n\n` : ''}example: ${example}\n`;
}
