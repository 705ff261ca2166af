// What is loaded when it is first shown. Where it does not come, the page stays as it is and says so.
import { Suspense, lazy } from "react";

const Lost = () => <p className="form-error" role="alert">这一栏没有载入，请检查网络，再点一次这个图形。</p>;

/** A component that `load` brings as `name`. After a failure the next one to show it asks again. */
export function later(load, name) {
  const make = () => lazy(() => load().then((found) => ({ default: found[name] }), () => {
    Part = make();
    return { default: Lost };
  }));
  let Part = make();
  return function Later(props) {
    return <Suspense fallback={<p className="form-note" role="status">正在载入…</p>}><Part {...props} /></Suspense>;
  };
}
