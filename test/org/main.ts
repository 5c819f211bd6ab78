/** Usage: npm run org -- [--port 4455] [--webhook URL --webhook-key KEY]. Starts the stand-in org alone, until Ctrl-C. */
import { parseArgs } from "node:util";
import { verbs } from "./control-http.ts";
import { startOrg } from "./start.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "4455" },
    webhook: { type: "string" },
    "webhook-key": { type: "string" },
  },
});
const org = await startOrg({
  port: Number(values.port),
  ...(values.webhook === undefined ? {} : { webhook: { url: values.webhook, apiKey: values["webhook-key"] ?? "" } }),
});
console.log(`Stand-in Salesforce org at ${org.url} (org ${org.orgId})

  client id      ${org.clientId}
  client secret  ${org.clientSecret}
  username       ${org.username}
  key for JWT bearer:
${org.privateKey}
A token:
  curl -s ${org.url}/services/oauth2/token -d grant_type=client_credentials -d client_id=${org.clientId} -d client_secret=${org.clientSecret}

A person creates a lead:
  curl -s ${org.url}/__control/create -d '{"object":"Lead","rows":[{"LastName":"Lovelace","Company":"Analytical Engines"}]}'

Control, reading:  GET  ${org.url}/__control/{ledger,calls,events,record?id=,records?object=,users,webhook,now}
Control, changing: POST ${org.url}/__control/{${Object.keys(verbs).join(",")}}`);

process.once("SIGINT", () => void org.close());
process.once("SIGTERM", () => void org.close());
