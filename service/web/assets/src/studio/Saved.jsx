// Says whether what was typed is saved, and offers the ways out of a conflict and of an edit that this browser kept.

const time = (at) => new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hourCycle: "h23", hour: "2-digit", minute: "2-digit" }).format(at);
const moment = (at) => new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hourCycle: "h23", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(at);

const SAYS = {
  saved: ({ at }) => (at ? `已保存 ${time(at)}` : "已保存"),
  saving: () => "正在保存…",
  waiting: () => "正在保存…",
  offline: () => "没有连接到服务器，修改已保留在本浏览器，会自动再试",
  signed_out: () => "登录已过期，修改已保留在本浏览器；请在新窗口登录后继续",
  refused: ({ message }) => message,
  conflict: () => "有冲突，没有保存",
};

export function Saved({ state, signIn }) {
  return (
    <span className={`studio-saved is-${state.kind}`} role="status">
      {SAYS[state.kind](state)}
      {state.kind === "signed_out" && <> <a href={signIn} target="_blank" rel="noopener">在新窗口登录</a></>}
    </span>
  );
}

/** Two wrote the same file: nothing is overwritten until somebody chooses. */
export function Conflict({ state, onMine, onTheirs, onKeepCopy }) {
  if (state.kind !== "conflict") return null;
  return (
    <div className="alert alert-warning studio-choice" role="alert">
      <div><b>{state.by} 于 {moment(new Date(state.at))} 也改了这个文件，您的修改还没有保存。</b><div>采用对方的，您的修改就不要了（可先下载一份）；采用您的，对方的修改会被盖住（仍在版本记录里可查）。</div></div>
      <div className="studio-row">
        <button type="button" className="btn btn-sm" onClick={onKeepCopy}>下载我的</button>
        <button type="button" className="btn btn-sm" onClick={onTheirs}>采用对方的</button>
        <button type="button" className="btn btn-sm btn-primary" onClick={onMine}>采用我的</button>
      </div>
    </div>
  );
}

/** This browser has kept an edit that never reached the server. */
export function Kept({ kept, onTake, onLeave }) {
  if (!kept) return null;
  return (
    <div className="alert alert-info studio-choice" role="status">
      <span>本浏览器里有您 {moment(new Date(kept.at))} 没有保存成功的修改。</span>
      <div className="studio-row">
        <button type="button" className="btn btn-sm" onClick={onLeave}>不要了</button>
        <button type="button" className="btn btn-sm btn-primary" onClick={onTake}>接着用</button>
      </div>
    </div>
  );
}
