#!/usr/bin/env bash
# Who may do what to the topics. No service may delete records, delete or change a topic, or change its
# settings: those are denied to everybody, so that an "All" granted by mistake later does not reach them either.
# Only the brokers' super.users are above it. The brokers need an authorizer
# (authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer) that allows nothing that is
# not granted (allow.everyone.if.no.acl.found=false, the default). Run as a super user; again is harmless.
#
#   BOOTSTRAP=kafka-1:9093 COMMAND_CONFIG=admin.properties ./acls.sh
#
# BOOTSTRAP, COMMAND_CONFIG   as in topics.sh
# KAFKA_ACLS                  the tool; default kafka-acls.sh
# API, PROJECTOR, ORGS, OPERATOR, COMPLIANCE, ANALYTICS, LAG
#                             principals; default User:identity-<name>. The last two may be empty
# PROJECTOR_GROUP             [projector] group; default identity-projector
# ANALYTICS_GROUPS            prefix of the subscribers' groups; default analytics.
set -euo pipefail

: "${BOOTSTRAP:?name the brokers, host:port,…}"
tool=${KAFKA_ACLS:-kafka-acls.sh}
connection=(--bootstrap-server "$BOOTSTRAP")
if [[ -n ${COMMAND_CONFIG:-} ]]; then connection+=(--command-config "$COMMAND_CONFIG"); fi

api=${API:-User:identity-api}
projector=${PROJECTOR:-User:identity-projector}
# `ingest-api orgs …`
orgs=${ORGS:-User:identity-orgs}
# `projector quarantine`, `status`, `rebuild`
operator=${OPERATOR:-User:identity-operator}
# The auditor's program: replays, signers and evidence, erasure.
compliance=${COMPLIANCE:-User:identity-compliance}
analytics=${ANALYTICS-User:identity-analytics}
# Whatever scales projectors on the group's lag.
lag=${LAG-User:identity-lag}
topics=(identity.events identity.audit identity.outcomes identity.orgs identity.dead-letters)

acls() { "$tool" "${connection[@]}" --add --force "$@" >/dev/null; }
allow() { # principal, operation, topic…
  local principal=$1 operation=$2 names=() topic
  shift 2
  for topic in "$@"; do names+=(--topic "$topic"); done
  acls --allow-principal "$principal" --operation "$operation" "${names[@]}"
}

# Whatever is granted elsewhere.
acls --deny-principal 'User:*' --operation Delete --operation Alter --operation AlterConfigs \
  --resource-pattern-type prefixed --topic identity.

# Every program checks all topics when it starts: settings, partitions, ids. A consumer at explicit offsets names
# the group identity-readers, which it never joins, and asks who would coordinate it.
for principal in "$api" "$projector" "$orgs" "$operator" "$compliance"; do
  allow "$principal" Describe "${topics[@]}"
  allow "$principal" DescribeConfigs "${topics[@]}"
  acls --allow-principal "$principal" --operation Describe --group identity-readers
done

# Evidence, then the fact; waits for the outcome; follows orgs and keys. Reads neither evidence nor facts.
allow "$api" Write identity.audit identity.events
allow "$api" Read identity.outcomes identity.orgs

# Facts in; outcomes and dead letters out. Writes no fact and sees no evidence. Before it serves a key it reads what was
# erased, in the outcomes.
allow "$projector" Read identity.events identity.outcomes
allow "$projector" Write identity.outcomes identity.dead-letters
acls --allow-principal "$projector" --operation Read --group "${PROJECTOR_GROUP:-identity-projector}"

allow "$orgs" Read identity.orgs
allow "$orgs" Write identity.orgs

# A rebuild reads every fact; draining a quarantine appends CustomerReleased; both are noted in the audit log.
allow "$operator" Read identity.events identity.dead-letters
allow "$operator" Write identity.events identity.audit
acls --allow-principal "$operator" --operation Describe --group "${PROJECTOR_GROUP:-identity-projector}"

# Acts of signers are records. An erasure is a fact, an outcome for the caches, and a note that the keys are gone.
allow "$compliance" Read identity.audit identity.events identity.orgs
allow "$compliance" Write identity.events identity.outcomes identity.audit

# The operator's own analytics: outcomes only, which name nobody.
if [[ -n $analytics ]]; then
  allow "$analytics" Read identity.outcomes
  allow "$analytics" Describe identity.outcomes
  acls --allow-principal "$analytics" --operation Read \
    --resource-pattern-type prefixed --group "${ANALYTICS_GROUPS:-analytics.}"
fi

if [[ -n $lag ]]; then
  allow "$lag" Describe identity.events
  acls --allow-principal "$lag" --operation Describe --group "${PROJECTOR_GROUP:-identity-projector}"
fi
