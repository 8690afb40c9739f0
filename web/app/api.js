// The server's API (docs/api.md): requests that end in a value or in an ApiError whose message can be shown as it is,
// and whether the server is there at all. When it is not, health is asked for again and again, ever more slowly, until
// it is.

import { observable } from "./observable.js";

export class ApiError extends Error {
  // code: the API's own, or "offline" (no connection), "bad_answer" (no JSON)
  constructor(code, message, status = 0, retrySeconds = 0) {
    super(message);
    Object.assign(this, { name: "ApiError", code, status, retrySeconds });
  }
}

export const online = observable(true);

const FIRST_WAIT = 500, LONGEST_WAIT = 8000; // milliseconds between two looks for a server that is gone
let looking = false;

async function lookForServer() {
  if (looking) return;
  looking = true;
  for (let wait = FIRST_WAIT; !online.value; wait = Math.min(LONGEST_WAIT, wait * 1.6)) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      addEventListener("online", () => (clearTimeout(timer), resolve()), { once: true });
    });
    try {
      const answer = await fetch("/api/health", { cache: "no-store", signal: AbortSignal.timeout(4000) });
      if (answer.ok) online.set(true);
    } catch {
      // not yet
    }
  }
  looking = false;
}

function lost() {
  online.set(false);
  lookForServer();
  return new ApiError("offline", "The server does not answer.");
}

async function failure(answer) {
  let error;
  try {
    ({ error } = await answer.json());
  } catch {
    // told below by its status
  }
  return new ApiError(error?.code ?? `http_${answer.status}`, error?.message ?? `The server answered ${answer.status}.`,
    answer.status, Number(answer.headers.get("Retry-After")) || 0);
}

// body: a Blob or bytes (a picture, told by content), or a plain object (sent as JSON). Gives the parsed answer, or
// null where there is none (204). Aborting through `signal` rejects with the browser's AbortError.
export async function request(method, path, { body, signal } = {}) {
  const options = { method, signal, cache: "no-store" };
  if (body !== undefined) {
    const raw = body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
    options.body = raw ? body : JSON.stringify(body);
    options.headers = { "Content-Type": raw ? body.type || "application/octet-stream" : "application/json" };
  }
  let answer, text;
  try {
    answer = await fetch(path, options);
    if (!answer.ok) throw await failure(answer);
    text = await answer.text();
  } catch (error) {
    if (error instanceof ApiError || error.name === "AbortError") throw error;
    throw lost();
  }
  online.set(true);
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError("bad_answer", "The server's answer could not be read.", answer.status);
  }
}

export const get = (path, options) => request("GET", path, options);
export const post = (path, body, options) => request("POST", path, { ...options, body });
export const remove = (path, options) => request("DELETE", path, options);
