#!/usr/bin/env bash
# Makes the five topics as the programs expect them (docs/operations.md, "Topics"), as an administrator, so that
# no service needs the right to create any. What exists is left as it is: the programs check every setting when
# they start, and say which is not as it must be.
#
#   BOOTSTRAP=kafka-1:9093 COMMAND_CONFIG=admin.properties ./topics.sh
#
# BOOTSTRAP            brokers to begin with
# COMMAND_CONFIG       properties file of the administrator's connection (security.protocol, …); optional
# KAFKA_TOPICS         the tool; default kafka-topics.sh
# EVENTS_PARTITIONS, AUDIT_PARTITIONS, OUTCOMES_PARTITIONS, ORGS_PARTITIONS, DEAD_LETTERS_PARTITIONS,
# REPLICATION_FACTOR, MIN_INSYNC_REPLICAS, FLUSH_MESSAGES: as the settings of the same name in [kafka]; the same
# defaults
set -euo pipefail

: "${BOOTSTRAP:?name the brokers, host:port,…}"
tool=${KAFKA_TOPICS:-kafka-topics.sh}
connection=(--bootstrap-server "$BOOTSTRAP")
if [[ -n ${COMMAND_CONFIG:-} ]]; then connection+=(--command-config "$COMMAND_CONFIG"); fi
replicas=${REPLICATION_FACTOR:-3}

# The largest record (4 MiB) and room for what Kafka puts around it.
message_bytes_max=4259840
common=(
  --config message.timestamp.type=LogAppendTime
  --config "max.message.bytes=$message_bytes_max"
  --config "min.insync.replicas=${MIN_INSYNC_REPLICAS:-2}"
  --config unclean.leader.election.enable=false
)
if [[ -n ${FLUSH_MESSAGES:-} ]]; then common+=(--config "flush.messages=$FLUSH_MESSAGES"); fi
day_ms=$((24 * 60 * 60 * 1000))

make() { # topic, partitions, its own settings…
  local topic=$1 partitions=$2
  shift 2
  "$tool" "${connection[@]}" --create --if-not-exists --topic "$topic" \
    --partitions "$partitions" --replication-factor "$replicas" "${common[@]}" "$@"
}
kept=(--config cleanup.policy=delete --config retention.bytes=-1)

make identity.events "${EVENTS_PARTITIONS:-12}" "${kept[@]}" --config retention.ms=-1
make identity.audit "${AUDIT_PARTITIONS:-12}" "${kept[@]}" --config retention.ms=-1
make identity.outcomes "${OUTCOMES_PARTITIONS:-12}" "${kept[@]}" --config "retention.ms=$((90 * day_ms))"
make identity.orgs "${ORGS_PARTITIONS:-1}" --config cleanup.policy=compact
make identity.dead-letters "${DEAD_LETTERS_PARTITIONS:-3}" "${kept[@]}" --config "retention.ms=$((30 * day_ms))"
