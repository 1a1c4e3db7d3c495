package identity.subscribing;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;

/** The registry, as far as a reader needs it: schemas by id. A schema never changes, so each is asked for once. */
final class Registry {
    private static final Duration WITHIN = Duration.ofSeconds(10);

    private final String url;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(WITHIN).build();
    private final ObjectMapper json = new ObjectMapper();
    private final Map<Integer, Schema> known = new ConcurrentHashMap<>();

    /** @param url base URL, with its {@code /registry} */
    Registry(String url) {
        this.url = url.replaceAll("/+$", "");
    }

    /** The schema a record was written with. */
    Schema schema(int id) throws IOException, InterruptedException {
        Schema schema = known.get(id);
        if (schema == null) {
            schema = fetch(id);
            known.put(id, schema);
        }
        return schema;
    }

    private Schema fetch(int id) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/schemas/ids/" + id))
                .header("Accept", "application/vnd.schemaregistry.v1+json")
                .timeout(WITHIN)
                .build();
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException("schema " + id + ": the registry answers " + response.statusCode());
        }
        return new Schema.Parser().parse(json.readTree(response.body()).get("schema").asText());
    }
}
