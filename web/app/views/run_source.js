// Runs from where they are: the server's run database, and the one that a study keeps in its own folder. A run's name is
// its number, "12", or "s12" if it is the study's.

const tag = (runs) => runs.map((run) => ({ ...run, of: "s", children: run.children && tag(run.children) }));

export const nameOf = (run) => `${run.of ?? ""}${run.id}`;
export const parentOf = (run) => `${run.of ?? ""}${run.parent}`;

// The newest of both, newest first; `query` as for GET /api/runs. A server without a database of its own has none.
export async function listRuns(api, query, withStudy) {
  const [own, study] = await Promise.all([
    api.get(`/api/runs?${query}`),
    withStudy ? api.get(`/api/runs?of=study&${query}`).catch(() => ({ runs: [] })) : { runs: [] }, // it may go at any time
  ]);
  if (!study.runs.length) return own.runs;
  return [...own.runs, ...tag(study.runs)].sort(
    (a, b) => (Date.parse(b.started) || 0) - (Date.parse(a.started) || 0) || b.id - a.id,
  );
}

export async function oneRun(api, name) {
  if (!name.startsWith("s")) return api.get(`/api/runs/${name}`);
  return tag([await api.get(`/api/runs/${name.slice(1)}?of=study`)])[0];
}
