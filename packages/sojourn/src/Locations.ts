/** Where places come from, by what the configuration calls it. */
import { LocationEnricher } from "@sojourn/core"
import { LocationEnricherMaxmind } from "@sojourn/enrich"

/** `default`: the countries that come along; `disabled`: nowhere; else the path of an `.mmdb` file. */
export const layer = (database: string) =>
  database === "disabled"
    ? LocationEnricher.layerDisabled
    : database === "default"
    ? LocationEnricherMaxmind.layerDefault
    : LocationEnricherMaxmind.layer({ database })
