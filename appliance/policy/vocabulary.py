"""The words policies are written in: actions, entities and facts, as one Cedar schema.

Rules kept here: the schema is the product's, not the pack's; a pack carries a copy, so that its
author's tools can check it, and is refused when the copy differs. No fact holds text a person
wrote: Cedar's messages may quote facts, and messages are logged.
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What may be asked for. `ask` goes through PolicyEngine.decide, the rest decide_action."""

    ASK = "ask"
    READ_DOCUMENT = "read_document"
    IMPORT = "import"
    REMOVE_DOCUMENT = "remove_document"
    CREATE_COLLECTION = "create_collection"
    READ_HISTORY = "read_history"
    EXPORT_ANSWER = "export_answer"
    ATTACH = "attach"
    READ_LOG = "read_log"
    VERIFY_LOG = "verify_log"
    EXPORT_LOG = "export_log"
    REPORT_AIRGAP = "report_airgap"
    MANAGE_MEMBERS = "manage_members"
    BREAK_GLASS = "break_glass"
    APPOINT_AUDITORS = "appoint_auditors"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_POLICIES = "manage_policies"
    MANAGE_MODELS = "manage_models"
    MANAGE_SEATS = "manage_seats"
    BACK_UP = "back_up"
    USE_API = "use_api"
    STAY_UNLOCKED = "stay_unlocked"


RESOURCE_TYPES: dict[Action, str] = {
    Action.ASK: "Library",
    Action.READ_DOCUMENT: "Collection",
    Action.IMPORT: "Collection",
    Action.REMOVE_DOCUMENT: "Collection",
    Action.CREATE_COLLECTION: "Library",
    Action.READ_HISTORY: "History",
    Action.EXPORT_ANSWER: "Collection",
    Action.ATTACH: "Library",
    Action.READ_LOG: "Log",
    Action.VERIFY_LOG: "Log",
    Action.EXPORT_LOG: "Log",
    Action.REPORT_AIRGAP: "Appliance",
    Action.MANAGE_MEMBERS: "Collection",
    Action.BREAK_GLASS: "Collection",
    Action.APPOINT_AUDITORS: "Appliance",
    Action.MANAGE_PEOPLE: "Appliance",
    Action.MANAGE_POLICIES: "Appliance",
    Action.MANAGE_MODELS: "Appliance",
    Action.MANAGE_SEATS: "Appliance",
    Action.BACK_UP: "Appliance",
    Action.USE_API: "Application",
    Action.STAY_UNLOCKED: "Appliance",
}

# hour is of the question's own time zone (UTC as the desk gives it); length counts characters;
# collections are ids, empty meaning all that are open; reasoned says whether a reason was given.
# export_answer is asked for each collection that what leaves quotes; where it quotes none, for the
# collection "collection".
# attach is for a document of the person's own beside a conversation, which nobody else can ask.
# An Application is another program of this machine that asks in the person's name, by the name its
# token has.
SCHEMA = """\
// The vocabulary of Cloister's policies, version 1. Every pack carries this file unchanged.

entity Person = {
  roles: Set<String>,
};

entity Library, Collection, History, Log, Appliance, Application;

action "ask" appliesTo {
  principal: [Person],
  resource: [Library],
  context: {
    topics: Set<String>,
    collections: Set<String>,
    length: Long,
    hour: Long,
    reasoned: Bool,
  },
};

action "create_collection", "attach" appliesTo { principal: [Person], resource: [Library] };

action "read_document", "import", "remove_document", "manage_members", "break_glass",
  "export_answer" appliesTo {
  principal: [Person],
  resource: [Collection],
};

action "read_history" appliesTo { principal: [Person], resource: [History] };

action "read_log", "verify_log", "export_log" appliesTo {
  principal: [Person],
  resource: [Log],
};

action "appoint_auditors", "manage_people", "manage_policies", "manage_models", "manage_seats",
  "back_up", "stay_unlocked", "report_airgap" appliesTo {
  principal: [Person],
  resource: [Appliance],
};

action "use_api" appliesTo { principal: [Person], resource: [Application] };
"""
