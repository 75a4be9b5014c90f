import assert from "node:assert/strict";
import { test } from "node:test";
import { findProfile, profiles } from "./profiles.ts";
import { profileProblem } from "./replica-profile.ts";

test("every profile can serve, has a name of its own, and names its source", () => {
  for (const profile of profiles) {
    assert.equal(profileProblem(profile), undefined, profile.name);
    assert.equal(findProfile(profile.name), profile);
    assert.notEqual(profile.source, "");
  }
  assert.equal(findProfile("none"), undefined);
});
