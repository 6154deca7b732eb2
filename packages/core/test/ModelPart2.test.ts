import { suite } from "./model/suite.ts"

suite(1, 2)
