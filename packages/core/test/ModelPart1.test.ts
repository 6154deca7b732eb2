import { suite } from "./model/suite.ts"

suite(0, 2)
