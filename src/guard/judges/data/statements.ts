/**
 * The statements of a text in SQL that destroy what nobody asked to keep, one phrase each; empty: it destroys nothing.
 * Strings and comments are taken out first, so a value that speaks of it is no statement.
 */
export function destroys(sql: string): string[] {
  return statements(sql).flatMap((statement) => {
    const [, verb, object] = /^(DROP|TRUNCATE|ALTER|DELETE|UPDATE|FLUSH|RESET)\b\s*(\w*)/i.exec(statement) ?? [];
    switch (verb?.toUpperCase()) {
      case 'DROP':
        return /^(?:DATABASE|SCHEMA|TABLE|TABLESPACE|KEYSPACE|COLLECTION|OWNED|MATERIALIZED|USER|ROLE|COLUMN|FOREIGN|SERVER|EXTENSION|TYPE|SEQUENCE|VIEW|INDEX)$/i.test(
          object!,
        ) && !/^(?:INDEX|VIEW|EXTENSION|TYPE|SERVER)$/i.test(object!)
          ? [`DROP ${object!.toUpperCase()}`]
          : [];
      case 'TRUNCATE':
        return ['TRUNCATE'];
      case 'ALTER':
        return /\bDROP\s+(?:COLUMN|PARTITION|(?!CONSTRAINT|DEFAULT|NOT|IDENTITY|EXPRESSION|INDEX|KEY|FOREIGN|PRIMARY|CHECK)[\w"`]+\s*(?:,|$|CASCADE))/i.test(
          statement,
        )
          ? ['ALTER … DROP']
          : [];
      case 'DELETE':
        return everyRow(statement) ? ['DELETE without WHERE'] : [];
      case 'UPDATE':
        return /\bSET\b/i.test(statement) && everyRow(statement) ? ['UPDATE without WHERE'] : [];
      default:
        return /^WITH\b.*\bDELETE\s+FROM\b/is.test(statement) && everyRow(statement) ? ['DELETE without WHERE'] : [];
    }
  });
}

const everyRow = (statement: string) =>
  !/\bWHERE\b/i.test(statement) || /\bWHERE\s+(?:true|1\s*=\s*1|1)\s*$/i.test(statement);

function statements(sql: string): string[] {
  return sql
    .replace(/\/\*!?\d*([\s\S]*?)\*\//g, (_, inner: string) => (_.startsWith('/*!') ? ` ${inner} ` : ' '))
    .replace(/'(?:[^'\\]|\\.|'')*'/g, "''")
    .replace(/(?:--|#)[^\n]*/g, ' ')
    .split(/;|\\g\b|\bGO\b\s*$|\bBEGIN\b|\bDO\b/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
