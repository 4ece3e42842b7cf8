"""From a task's page to MLflow's pages."""

from string import Formatter
from typing import Any

from ._versions import BaseOperatorLink, XCom
from .results import XCOM_KEY


class ModelVersionLink(BaseOperatorLink):
    """To the registered version."""

    name = "MLflow model version"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address of the page.

        :param operator: of the task
        :param ti_key: the task instance
        :return: empty where there is no version yet
        """
        return _page(ti_key, "{registry_url}/#/models/{model}/versions/{version}")


class RunLink(BaseOperatorLink):
    """To the run of the training; MLflow 2 and later."""

    name = "MLflow run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address of the page.

        :param operator: of the task
        :param ti_key: the task instance
        :return: empty where the run is not known
        """
        return _page(ti_key, "{tracking_url}/#/runs/{run_id}")


def _page(ti_key: Any, address: str) -> str:
    """The address, filled from the result in XCom; empty where a part of it is missing there."""
    result = XCom.get_value(ti_key=ti_key, key=XCOM_KEY)
    needed = {name for _, name, _, _ in Formatter().parse(address) if name}
    if not isinstance(result, dict) or not all(result.get(name) for name in needed):
        return ""
    return address.format(**{name: str(result[name]).rstrip("/") for name in needed})
