// A value that can be watched: whoever subscribes is called at once and after every change.

export function observable(first) {
  const watchers = new Set();
  let value = first;
  return {
    get value() {
      return value;
    },
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const watcher of [...watchers]) watcher(value);
    },
    // Returns what ends the subscription.
    subscribe(watcher) {
      watchers.add(watcher);
      watcher(value);
      return () => watchers.delete(watcher);
    },
  };
}
