import type { Audit } from '../facts.ts';

const writers = {
  text: async () => (await import('./text.ts')).auditText,
  markdown: async () => (await import('./markdown.ts')).auditMarkdown,
  csv: async () => (await import('./csv.ts')).auditCsv,
  json: async () => (await import('./json.ts')).auditJson,
  html: async () => (await import('../page/index.ts')).auditPage,
} satisfies Record<string, () => Promise<(audit: Audit) => string>>;

export type AuditFormat = keyof typeof writers;

export const auditFormats = Object.keys(writers) as AuditFormat[];

/** Writes the audit in one of its formats. */
export async function writeAudit(audit: Audit, format: AuditFormat): Promise<string> {
  return (await writers[format]())(audit);
}
