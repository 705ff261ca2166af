// The findings of a draft, errors first, each with its way out. Every tab of the studio shows them with this:
//   <Findings found={answer of POST …/check, or null while it has not answered} has={(file name) => whether this tab opens it} onGo={(finding) => …} />
// A finding of another tab's file has an `address`: a link there. One of the draft as a whole leads nowhere.

const MANY = 3;

/** The findings in their order, parted where another kind begins: [{kind, severity, all}]. */
function kinds(findings) {
  const found = [];
  for (const one of findings) {
    const last = found[found.length - 1];
    if (last && last.kind === one.kind && last.severity === one.severity) last.all.push(one);
    else found.push({ kind: one.kind, severity: one.severity, all: [one] });
  }
  return found;
}

export function Findings({ found, checking, has, onGo }) {
  if (!found) return <p className="muted studio-findings-state" role="status">{checking ? "正在检查…" : "还没有检查"}</p>;
  const errors = found.findings.filter((one) => one.severity === "error");
  const rest = found.findings.filter((one) => one.severity !== "error");
  const head = errors.length ? `${errors.length} 处错误，改好才能发布` : rest.length ? "没有错误" : "没有发现问题";
  return (
    <div className="studio-findings">
      <p className="studio-findings-state" role="status">
        <b className={errors.length ? "studio-bad" : "studio-good"}>{head}</b>
        {rest.length > 0 && <span>，{rest.length} 处提醒</span>}
        {checking && <span className="muted">（正在重新检查…）</span>}
      </p>
      {kinds([...errors, ...rest]).map(({ kind, severity, all }, at) => {
        const list = <ul>{all.map((one, index) => <Finding key={index} one={one} has={has} onGo={onGo} />)}</ul>;
        // many of one kind are told by their number, and opened by whoever wants to see each
        return all.length > MANY
          ? <details key={`${severity}${kind}`} className="fold" open={at === 0 && severity === "error"}><summary><span className={severity === "error" ? "studio-bad" : ""}>{kind}：{all.length} 处{severity === "error" ? "错误" : "提醒"}</span></summary>{list}</details>
          : <div key={`${severity}${kind}`}>{list}</div>;
      })}
    </div>
  );
}

function Finding({ one, has, onGo }) {
  const words = <>{(one.place || (!has(one.file) && one.file_name)) && <b>{one.place || one.file_name}：</b>}{one.message}</>;
  return (
    <li className={one.severity === "error" ? "is-error" : "is-warning"}>
      <span className="label-tag">{one.severity === "error" ? "错误" : "提醒"}</span>
      {has(one.file) ? <button type="button" className="studio-finding" onClick={() => onGo(one)}>{words}</button>
        : one.address ? <a className="studio-finding" href={one.address}>{words}</a>
          : <span className="studio-finding">{words}</span>}
    </li>
  );
}

/** Asks for the findings after a pause, one question at a time: the answer is to what was last saved. */
export class Checker {
  #timer = 0;
  #busy = false;
  #again = false;

  constructor(check, onAnswer, pause = 900) {
    Object.assign(this, { check, onAnswer, pause });
  }

  soon(pause = this.pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#now(), pause);
  }

  async #now() {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    this.onAnswer(undefined, true);
    const answer = await this.check();
    this.#busy = false;
    this.onAnswer(answer ?? undefined, false);
    if (this.#again) {
      this.#again = false;
      this.soon();
    }
  }
}
