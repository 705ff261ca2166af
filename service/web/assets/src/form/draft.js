// What a person has typed and not yet submitted, kept in this browser, one draft a person and task.

const KEPT_DAYS = 30;

export class Draft {
  constructor(user, task) {
    this.name = `liaison-draft:${user}:${task}`;
  }

  /** `{data, labels, more, at}` or null. */
  load() {
    try {
      return JSON.parse(localStorage.getItem(this.name));
    } catch {
      return null;
    }
  }

  /** False where the browser refuses to keep it (private window, full disk). */
  save(data, labels, more = []) {
    try {
      localStorage.setItem(this.name, JSON.stringify({ data, labels, more, at: Date.now() }));
      return true;
    } catch {
      return false;
    }
  }

  clear() {
    localStorage.removeItem(this.name);
  }

  /** Forgets drafts nobody has touched for a month, so that a shared machine does not collect them. */
  static sweep() {
    const limit = Date.now() - KEPT_DAYS * 86_400_000;
    for (const name of Object.keys(localStorage)) {
      if (!name.startsWith("liaison-draft:")) continue;
      try {
        if (JSON.parse(localStorage.getItem(name)).at < limit) localStorage.removeItem(name);
      } catch {
        localStorage.removeItem(name);
      }
    }
  }
}
