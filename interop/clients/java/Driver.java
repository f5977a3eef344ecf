// The Java producer and consumer as a client program of the matrix test; ../driver.ts says what each line means.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.WakeupException;

public final class Driver {
  private static final Pattern FIELD = Pattern.compile("\"(\\w+)\":\"?([^\",}]*)\"?");

  private final String bootstrap;
  private final Map<String, KafkaProducer<String, String>> producers = new HashMap<>();
  private Member member;

  private Driver(String bootstrap) {
    this.bootstrap = bootstrap;
  }

  public static void main(String[] args) throws Exception {
    Driver driver = new Driver(args[0]);
    say("{\"ready\":[\"none\",\"gzip\",\"snappy\",\"lz4\",\"zstd\"]}");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Map<String, String> command = fields(line);
      try {
        driver.obey(command);
        say("{\"did\":\"" + command.get("do") + "\"}");
      } catch (Exception e) {
        e.printStackTrace();
        say("{\"failed\":\"" + command.get("do") + ": " + e.toString().replaceAll("[\"\\\\\n]", " ") + "\"}");
      }
    }
    driver.leave();
    for (KafkaProducer<String, String> producer : driver.producers.values()) producer.close();
  }

  private static synchronized void say(String line) {
    System.out.println(line);
  }

  // The commands are flat objects of names and numbers, for which this is parser enough.
  private static Map<String, String> fields(String line) {
    Map<String, String> fields = new HashMap<>();
    for (Matcher m = FIELD.matcher(line); m.find(); ) fields.put(m.group(1), m.group(2));
    return fields;
  }

  private void obey(Map<String, String> command) throws Exception {
    switch (command.get("do")) {
      case "produce" -> produce(command.get("topic"), command.get("codec"), command.get("prefix"), Integer.parseInt(command.get("count")));
      case "consume" -> member = new Member(consumer(command.get("group")), command.get("topic"));
      case "leave" -> leave();
      default -> throw new IllegalArgumentException("no such command");
    }
  }

  private void produce(String topic, String codec, String prefix, int count) throws Exception {
    KafkaProducer<String, String> producer = producers.computeIfAbsent(codec, this::producer);
    List<Future<?>> sent = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      sent.add(producer.send(new ProducerRecord<>(topic, "key-" + i, prefix + "-" + i + "-" + "spool".repeat(20))));
    }
    for (Future<?> one : sent) one.get();
  }

  private void leave() throws Exception {
    if (member != null) member.leave();
    member = null;
  }

  private KafkaProducer<String, String> producer(String codec) {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("acks", "all");
    p.put("linger.ms", "20");
    p.put("compression.type", codec);
    p.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    p.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    return new KafkaProducer<>(p);
  }

  private KafkaConsumer<String, String> consumer(String group) {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("group.id", group);
    p.put("auto.offset.reset", "earliest");
    p.put("auto.commit.interval.ms", "200");
    p.put("heartbeat.interval.ms", "300");
    p.put("session.timeout.ms", "6000");
    p.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    p.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    return new KafkaConsumer<>(p);
  }

  /** A consumer on a thread of its own, since it must poll to stay in its group. */
  private static final class Member {
    private final KafkaConsumer<String, String> consumer;
    private final Thread thread;

    Member(KafkaConsumer<String, String> consumer, String topic) {
      this.consumer = consumer;
      this.thread = new Thread(() -> run(topic));
      thread.start();
    }

    private void run(String topic) {
      try (consumer) {
        consumer.subscribe(List.of(topic));
        while (true) {
          for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(200))) {
            say("{\"record\":{\"partition\":" + r.partition() + ",\"value\":\"" + r.value() + "\"}}");
          }
        }
      } catch (WakeupException e) {
        // The end that leave() asks for: closing commits and leaves the group.
      }
    }

    void leave() throws InterruptedException {
      consumer.wakeup();
      thread.join();
    }
  }
}
