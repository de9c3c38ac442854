import { load } from "js-yaml";

console.log(load("kind: Site"));
