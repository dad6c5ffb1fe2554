"""What people look at: a page with pictures, and a submission to the ARC Prize."""


def show(task_id: str, out: str = ".", data: str | None = None) -> None:
    """Display in a notebook what the result folders hold of a task.

    Args:
        task_id: the task.
        out: where the result folders are.
        data: as for `tasks.find_sources`, but that a folder gives the tasks of every stage.

    Raises:
        UserError: there are no result folders, nothing of the task, or no Jinja2 or IPython.
        OSError: the task's data cannot be read.
    """
    from html import escape

    from batt_utils.console import UserError
    from batt_utils.report.report import make_report

    try:
        from IPython.display import HTML, display
    except ModuleNotFoundError:
        raise UserError(
            "a task is shown in a notebook, and IPython is not there: pip install notebook, "
            "or write a page with python -m batt_utils.report"
        ) from None

    page = make_report(out, data, [task_id]).page
    resize = "this.style.height = this.contentDocument.documentElement.scrollHeight + 20 + 'px'"
    frame = (  # a bare one would draw a warning: `IFrame` is for pages that have an address
        f'<div><iframe title="{escape(task_id)}" srcdoc="{escape(page)}" onload="{resize}" '
        'style="width: 100%; height: 600px; border: 0"></iframe></div>'
    )
    display(HTML(frame))
