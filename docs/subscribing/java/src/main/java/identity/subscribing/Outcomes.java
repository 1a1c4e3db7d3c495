package identity.subscribing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads identity.outcomes: one line of text for each outcome, whatever its type.
 *
 * <pre>mvn -q compile exec:java -Dexec.args="localhost:9092 http://localhost:9464/registry"</pre>
 *
 * Further arguments: the group (analytics.example), and the number of outcomes after which it ends (endless). Settings of the connection (security.protocol and its like) come from a properties file that the system property
 * {@code client.properties} names.
 */
public final class Outcomes {
    private static final String TOPIC = "identity.outcomes";
    private static final Duration STEP = Duration.ofMillis(500);

    /** By ce_type, which stays while the subject stays compatible. Fields may be added; none is renamed or removed. */
    private static final Map<String, Function<GenericRecord, String>> WHAT = Map.ofEntries(
            type("identity.VerificationCreated.v1", record -> record.get("verificationId") + " " + record.get("method")
                    + " " + record.get("status") + " " + orDash(record.get("score"))),
            type("identity.FaceEnrolled.v1", record -> {
                GenericRecord enrolment = (GenericRecord) record.get("enrolment");
                return enrolment.get("id") + " " + enrolment.get("source");
            }),
            type("identity.KycUpdated.v1", record -> record.get("fromTier") + " -> " + record.get("toTier")),
            type("identity.VerdictConflicted.v1", record -> record.get("verificationId").toString()),
            type("identity.VerdictUnapplied.v1", record -> orDash(record.get("verificationId")) + " " + record.get("cause")),
            type("identity.ReviewRecorded.v1", record -> record.get("verificationId") + " " + record.get("toStatus")
                    + " " + record.get("reasonCode")),
            type("identity.SignalRaised.v1", record -> record.get("verificationId") + " " + record.get("code")
                    + " " + record.get("severity")),
            type("identity.FallbackRecheckOpened.v1", record -> record.get("recheckId") + " " + record.get("cause")),
            type("identity.FallbackRecheckSettled.v1", record -> record.get("recheckId") + " " + record.get("status")
                    + " " + record.get("how")),
            type("identity.VoidRecorded.v1", record -> record.get("verificationId") + " " + record.get("reasonCode")
                    + " " + record.get("fromTier") + " " + record.get("toTier")),
            type("identity.CustomerErased.v1", record -> ((Collection<?>) record.get("purposes"))
                    .stream().map(Object::toString).collect(Collectors.joining(","))));

    /** One type, and what a record of it says. */
    private static Map.Entry<String, Function<GenericRecord, String>> type(
            String kind, Function<GenericRecord, String> what) {
        return Map.entry(kind, what);
    }

    private final Registry registry;

    private Outcomes(Registry registry) {
        this.registry = registry;
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 2) {
            System.err.println("usage: Outcomes BROKERS REGISTRY [GROUP [MAX]]");
            System.exit(2);
        }
        Properties settings = new Properties();
        if (System.getProperty("client.properties") != null) {
            try (var file = new java.io.FileReader(System.getProperty("client.properties"), StandardCharsets.UTF_8)) {
                settings.load(file);
            }
        }
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("group.id", arguments.length > 2 ? arguments[2] : "analytics.example");
        settings.put("auto.offset.reset", "earliest");
        // What was printed is committed, and not what was merely fetched.
        settings.put("enable.auto.commit", "false");
        long max = arguments.length > 3 ? Long.parseLong(arguments[3]) : Long.MAX_VALUE;
        new Outcomes(new Registry(arguments[1])).follow(settings, max);
    }

    private void follow(Properties settings, long max) throws IOException, InterruptedException {
        try (var consumer =
                new KafkaConsumer<String, byte[]>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(TOPIC));
            long seen = 0;
            while (seen < max) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(STEP)) {
                    seen += print(record) ? 1 : 0;
                }
                consumer.commitAsync();
            }
        }
    }

    /** A type that this program does not know is passed over, so that a new one breaks nothing. */
    private boolean print(ConsumerRecord<String, byte[]> record) throws IOException, InterruptedException {
        String kind = header(record, "ce_type");
        Function<GenericRecord, String> what = WHAT.get(kind);
        if (what == null) {
            return false;
        }
        String said = what.apply(decode(record.value()));
        System.out.println(header(record, "ce_id") + "\t" + kind + "\t" + record.key() + "\t" + said);
        return true;
    }

    /** Confluent's wire format: a zero byte, the id of the schema it was written with (big-endian), the Avro body. */
    private GenericRecord decode(byte[] value) throws IOException, InterruptedException {
        ByteBuffer buffer = ByteBuffer.wrap(value);
        if (value.length < 5 || buffer.get() != 0) {
            throw new IOException("not in the wire format");
        }
        Schema schema = registry.schema(buffer.getInt());
        var decoder = DecoderFactory.get().binaryDecoder(value, buffer.position(), buffer.remaining(), null);
        return new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
    }

    /** Optional fields are null where they are absent. */
    private static Object orDash(Object value) {
        return value == null ? "-" : value;
    }

    private static String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }
}
