// Stands around a form: says when it is there, and what to do when it fails.
import { Component } from "react";

export class Guard extends Component {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  componentDidMount() {
    this.props.place.dataset.ready = "";
  }

  render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="alert alert-danger" role="alert">
        <b>表单无法显示</b>
        <div>页面程序出错。已填写的内容保存在本浏览器，不会丢失。请刷新本页；仍不成功时，请换一个浏览器，或把本页地址告诉系统管理员。</div>
        <a className="btn btn-sm mt-2" href={window.location.href}>刷新本页</a>
      </div>
    );
  }
}
