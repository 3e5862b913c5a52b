// The third tab: every funcId, flow and command with its failures and sizes, and what was found to break the rules.

import { _ } from "./texts.js";
import { card, fill } from "./dom.js";
import { Rules, seriesTable } from "./figures.js";

const requests = seriesTable(_("Requests"), _("funcId"), { sizes: true });
const flows = seriesTable(_("Flows"), _("flow"));
const commands = seriesTable(_("Commands handled"), _("command"));
const violations = new Rules("violations", _("Violations"));
const observations = new Rules("observations", _("Observations"));
const cards = { flows: card(_("Flows"), flows.node), commands: card(_("Commands handled"), commands.node) };

export function build(panel) {
  fill(panel, card(_("Requests"), requests.node), cards.flows, cards.commands, violations.node, observations.node);
}

export function show(data) {
  if (!data.run) return;
  requests.update(data.requests);
  flows.update(data.flows);
  commands.update(data.commands);
  cards.flows.hidden = !data.flows.length;
  cards.commands.hidden = !data.commands.length;
  const judged = data.came_online > 0;
  violations.update(data.violations, judged
    ? _("None: nothing that the platform sent was found to depart from the document.")
    : _("None, but no device came online yet: there was hardly anything to judge."));
  observations.update(data.observations, _("Nothing unusual was seen."));
}
