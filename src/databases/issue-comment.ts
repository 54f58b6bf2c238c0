import { runCommand } from '../machine/run.ts';
import type { Place } from './place.ts';

/** Milliseconds. */
const patience = 20_000;

/**
 * Posts a comment on an issue: by GitHub's API where a token is at hand, else by `gh`.
 * @returns what went wrong, in a sentence; null: it is posted
 */
export async function commentOn(place: Place, issue: number, text: string): Promise<string | null> {
  const {
    GITHUB_TOKEN: token,
    GITHUB_REPOSITORY: repository,
    GITHUB_API_URL: api = 'https://api.github.com',
  } = place.env;
  if (token && repository && /^[\w.-]+\/[\w.-]+$/.test(repository))
    return post(`${api}/repos/${repository}/issues/${issue}/comments`, token, text);
  const ran = await runCommand(['gh', 'issue', 'comment', String(issue), '--body-file', '-'], {
    cwd: place.topLevel,
    env: place.env,
    timeout: patience,
    signal: place.signal,
    input: text,
  });
  if (ran.missing !== null) return 'neither GITHUB_TOKEN with GITHUB_REPOSITORY nor gh is here';
  return ran.exitCode === 0 ? null : `gh ended with ${ran.exitCode ?? 'a signal'}`;
}

async function post(url: string, token: string, body: string): Promise<string | null> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/vnd.github+json',
        'user-agent': 'git-protect',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ body }),
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
    });
    return answer.status === 201 ? null : `GitHub answers with status ${answer.status}`;
  } catch (error) {
    return `GitHub cannot be reached (${(error as Error).name})`;
  }
}
