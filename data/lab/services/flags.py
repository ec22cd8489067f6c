"""Feature flags through OpenFeature: a provider that reads the watched settings, and the hook that marks the span.

A flag in the settings is ``{"state": "on" | "off", "tier": "gold", "only_instance": "…"}``; ``state`` is what is switched,
the rest says for whom.
"""

from __future__ import annotations

from typing import Any

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.hook.opentelemetry import TracingHook
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata
from prometheus_client import Counter

from lab.services.identity import Identity
from lab.services.settings import Settings

__all__ = ["Flags"]

EVALUATIONS = Counter("feature_flag_evaluations", "Evaluations of a flag", ["flag", "variant"])


class SettingsProvider(AbstractProvider):
    """Resolves flags from the settings."""

    def __init__(self, identity: Identity, settings: Settings) -> None:
        super().__init__()
        self._identity, self._settings = identity, settings

    def get_metadata(self) -> Metadata:
        """Name the provider."""
        return Metadata("shop-flags")

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Say whether the flag is on for this shopper in this process."""
        rule: dict[str, Any] | None = self._settings.get("flags", {}).get(flag_key)
        if rule is None:
            return FlagResolutionDetails(default_value, reason=Reason.DEFAULT, variant="off")
        known = dict(evaluation_context.attributes) if evaluation_context else {}
        value = rule.get("state") == "on"
        value = value and rule.get("tier") in (None, known.get("tier"))
        value = value and rule.get("only_instance") in (None, self._identity.instance)
        return FlagResolutionDetails(
            value, reason=Reason.TARGETING_MATCH if value else Reason.DEFAULT, variant="on" if value else "off"
        )

    def _plain(self, default_value: Any) -> FlagResolutionDetails[Any]:
        return FlagResolutionDetails(default_value, reason=Reason.DEFAULT)

    def resolve_string_details(self, flag_key: str, default_value: str, evaluation_context: Any = None) -> Any:  # noqa: ARG002
        """Text flags are not used."""
        return self._plain(default_value)

    def resolve_integer_details(self, flag_key: str, default_value: int, evaluation_context: Any = None) -> Any:  # noqa: ARG002
        """Integer flags are not used."""
        return self._plain(default_value)

    def resolve_float_details(self, flag_key: str, default_value: float, evaluation_context: Any = None) -> Any:  # noqa: ARG002
        """Float flags are not used."""
        return self._plain(default_value)

    def resolve_object_details(self, flag_key: str, default_value: Any, evaluation_context: Any = None) -> Any:  # noqa: ARG002
        """Object flags are not used."""
        return self._plain(default_value)


class Flags:
    """The flags of one process."""

    def __init__(self, identity: Identity, settings: Settings) -> None:
        api.set_provider_and_wait(SettingsProvider(identity, settings))
        api.add_hooks([TracingHook()])
        self._client: OpenFeatureClient = api.get_client()

    def on(self, flag: str, *, user: str, **attributes: str) -> bool:
        """Evaluate a flag for a shopper; the evaluation becomes an event of the current span."""
        value = self._client.get_boolean_value(flag, False, EvaluationContext(user, dict(attributes)))
        EVALUATIONS.labels(flag, "on" if value else "off").inc()
        return value
