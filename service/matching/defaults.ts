import type { MatchRules } from "../store/json.ts";

/** From this confidence on a match is acted upon: a wrong conversion cannot be taken back. */
export const DEFAULT_THRESHOLD = 0.9;
export const DEFAULT_REVIEW_THRESHOLD = 0.5;

/** What makes an account worth weighing where no policy says: one strong field, or two that support each other. */
export const defaultAccountRules: MatchRules = {
  mode: "grouped",
  groups: [
    { all: ["linkedin:eq"] },
    { all: ["domain:eq"] },
    { all: ["phone:eq", "company:fuzzy0.4"] },
    { all: ["phone:eq", "company:contains"] },
    { all: ["phone:eq", "street:fuzzy0.86"] },
    { all: ["street:fuzzy0.86", "company:fuzzy0.3"] },
    { all: ["street:fuzzy0.86", "company:contains"] },
    { all: ["company:eq"] },
    { all: ["company:fuzzy0.85"] },
    { all: ["company:contains", "postal_code:eq"] },
  ],
};

/** The same for people (contacts, and leads that repeat one another). */
export const defaultContactRules: MatchRules = {
  mode: "grouped",
  groups: [
    { all: ["email:eq"] },
    { all: ["linkedin:eq"] },
    { all: ["name:fuzzy0.85", "phone:eq"] },
    { all: ["name:fuzzy0.85", "domain:eq"] },
    { all: ["name:fuzzy0.88", "company:fuzzy0.85"] },
    { all: ["name:fuzzy0.8", "street:fuzzy0.7"] },
    { all: ["name:fuzzy0.85", "postal_code:eq"] },
    { all: ["name:fuzzy0.85", "city:fuzzy0.88"] },
  ],
};
