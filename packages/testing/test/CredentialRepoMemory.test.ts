import * as CredentialRepoSuite from "@sojourn/testing/CredentialRepoSuite"
import { memory } from "./memory.ts"

CredentialRepoSuite.suite("memory", memory)
