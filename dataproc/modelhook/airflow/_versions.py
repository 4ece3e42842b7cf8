"""What Airflow 2.10, 3.0 to 3.1 and 3.2 and later keep in different places."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import (
        BaseHook,
        BaseOperator,
        BaseOperatorLink,
        BaseSensorOperator,
        Context,
        PokeReturnValue,
        get_current_context,
    )
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowSkipException,
        AirflowTaskTimeout,
    )
    from airflow.sdk.execution_time.xcom import XCom
else:
    try:  # Airflow 3
        from airflow.sdk import (
            BaseHook,
            BaseOperator,
            BaseOperatorLink,
            BaseSensorOperator,
            Context,
            PokeReturnValue,
            get_current_context,
        )
        from airflow.sdk.execution_time.xcom import XCom
    except ImportError:
        from airflow.hooks.base import BaseHook
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.baseoperatorlink import BaseOperatorLink
        from airflow.models.xcom import XCom
        from airflow.operators.python import get_current_context
        from airflow.sensors.base import BaseSensorOperator, PokeReturnValue
        from airflow.utils.context import Context
    try:  # 3.2 and later
        from airflow.sdk.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowSkipException,
            AirflowTaskTimeout,
        )
    except ImportError:
        from airflow.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowSkipException,
            AirflowTaskTimeout,
        )

__all__ = ["AirflowException", "AirflowFailException", "AirflowSkipException", "AirflowTaskTimeout", "BaseHook",
           "BaseOperator", "BaseOperatorLink", "BaseSensorOperator", "Context", "PokeReturnValue", "XCom",
           "get_current_context"]
