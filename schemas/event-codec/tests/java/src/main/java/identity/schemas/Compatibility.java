package identity.schemas;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.PrintWriter;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;

/**
 * Reads {@code [{"name":…,"old":…,"new":…}]} and writes one line a pair: what Avro for Java says of it. {@code full}:
 * each reads what the other wrote; {@code backward}: the new one reads the old one's; {@code forward}: the old one
 * reads the new one's; {@code none}; {@code invalid}: one of the two is no schema.
 */
public final class Compatibility {
  private Compatibility() {}

  public static void main(String[] arguments) throws Exception {
    JsonNode pairs = new ObjectMapper().readTree(new File(arguments[0]));
    try (PrintWriter out = new PrintWriter(arguments[1], "UTF-8")) {
      for (JsonNode pair : pairs) {
        out.println(pair.get("name").asText() + "\t" + judge(pair.get("old").asText(), pair.get("new").asText()));
      }
    }
  }

  private static String judge(String oldText, String newText) {
    Schema older;
    Schema newer;
    try {
      older = new Schema.Parser().parse(oldText);
      newer = new Schema.Parser().parse(newText);
    } catch (RuntimeException error) {
      return "invalid";
    }
    boolean backward = reads(newer, older);
    boolean forward = reads(older, newer);
    if (backward && forward) {
      return "full";
    }
    return backward ? "backward" : forward ? "forward" : "none";
  }

  private static boolean reads(Schema reader, Schema writer) {
    return SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType()
        == SchemaCompatibilityType.COMPATIBLE;
  }
}
