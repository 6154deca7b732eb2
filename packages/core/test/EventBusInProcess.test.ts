import { EventBusInProcess } from "@sojourn/core"
import * as EventBusSuite from "@sojourn/testing/EventBusSuite"

EventBusSuite.suite("in process", (capacity) => EventBusInProcess.layer({ capacity }))
