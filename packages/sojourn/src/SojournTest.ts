/** All of Sojourn in memory, for the tests of an application. */
import { SojournTest } from "@sojourn/testing"

/** Ids and tokens are the same at every run; times come from the test's clock. No device and no place is known. */
export const layer = SojournTest.layer
