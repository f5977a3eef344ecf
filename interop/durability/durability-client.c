/*
 * The clients that work while the broker is killed under them, over librdkafka.
 *
 *   durability-client write    HOST:PORT WRITER RATE SIZE PARTITIONS TOPIC...   [-X setting=value ...]
 *   durability-client follow   HOST:PORT GROUP COMMIT_MS TOPIC...               [-X setting=value ...]
 *   durability-client offsets  HOST:PORT GROUP PARTITIONS TOPIC...              [-X setting=value ...]
 *
 * write    an idempotent producer (acks=all) of about RATE messages a second. The key is "WRITER:NUMBER", the numbers count
 *          from 0 for each partition; the value has SIZE bytes.
 * follow   a member of a group that commits, every COMMIT_MS, what it has seen.
 * offsets  asks once for a group's committed offsets and the logs' ends.
 *
 * write and follow go on until standard input ends; then write waits until all is acknowledged. Nothing is tried again here
 * that librdkafka gives up. They print a line for each thing that they learn, times in microseconds of the monotonic clock:
 *
 *   ack TOPIC PARTITION NUMBER OFFSET        OFFSET is -1 where the broker had the message already and no longer knew where
 *   failed TOPIC PARTITION NUMBER REASON
 *   got TOPIC PARTITION OFFSET KEY
 *   committed BEGUN ENDED TOPIC PARTITION OFFSET
 *   resumed BEGUN ENDED TOPIC PARTITION OFFSET     what the broker gave as committed; -1 for nothing
 *   end TOPIC PARTITION OFFSET
 *   error REASON
 *
 * Ends with 2 when called wrongly, with 1 when librdkafka says that it cannot go on.
 */
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TOPICS_MAX = 16, PATIENCE_MS = 60000 };

static int64_t microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void give_up(int status, const char *what, const char *detail) {
  fflush(stdout);
  fprintf(stderr, "durability-client: %s: %s\n", what, detail);
  exit(status);
}

/* Standard input is a pipe to which nothing is ever written. */
static int told_to_end(void) {
  struct pollfd input = {.fd = 0, .events = POLLIN};
  return poll(&input, 1, 0) > 0;
}

/* ---- clients ---- */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char why[512];
  if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) give_up(2, name, why);
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque) {
  (void)opaque;
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    char why[512];
    rd_kafka_fatal_error(client, why, sizeof why);
    give_up(1, "fatal", why);
  }
  /* A broker that is down: what all of this is about. */
  if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
  printf("error %s %s\n", rd_kafka_err2name(code), reason);
}

static rd_kafka_conf_t *configuration(const char *broker, char **settings, int count) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", broker);
  set(conf, "reconnect.backoff.ms", "20");
  set(conf, "reconnect.backoff.max.ms", "100");
  set(conf, "retry.backoff.ms", "20");
  set(conf, "log_level", "0");
  rd_kafka_conf_set_error_cb(conf, on_error);
  for (int i = 0; i < count; i++) {
    char *equals = strchr(settings[i], '=');
    if (equals == NULL) continue;
    *equals = '\0';
    set(conf, settings[i], equals + 1);
  }
  return conf;
}

static rd_kafka_t *open_client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
  char why[512];
  rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
  if (client == NULL) give_up(2, "no client", why);
  return client;
}

/* ---- write ---- */

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  (void)opaque;
  const char *topic = rd_kafka_topic_name(message->rkt);
  long number = (long)(intptr_t)message->_private;
  if (message->err) printf("failed %s %d %ld %s\n", topic, message->partition, number, rd_kafka_err2name(message->err));
  else printf("ack %s %d %ld %ld\n", topic, message->partition, number, message->offset < 0 ? -1L : (long)message->offset);
}

static void produce_one(rd_kafka_t *client, const char *topic, int partition, const char *writer, long number,
                        const char *value, size_t size) {
  char key[64];
  int length = snprintf(key, sizeof key, "%s:%ld", writer, number);
  for (;;) {
    rd_kafka_resp_err_t err =
        rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, length),
                          RD_KAFKA_V_VALUE((void *)value, size), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_OPAQUE((void *)(intptr_t)number), RD_KAFKA_V_END);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) give_up(1, topic, rd_kafka_err2str(err));
    rd_kafka_poll(client, 10);
  }
}

static int write_numbered(const char *broker, const char *writer, double rate, size_t size, int partitions, char **topics,
                          int topic_count, char **settings, int setting_count) {
  rd_kafka_conf_t *conf = configuration(broker, settings, setting_count);
  set(conf, "enable.idempotence", "true");
  set(conf, "message.timeout.ms", "0");
  set(conf, "linger.ms", "2");
  rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  rd_kafka_t *client = open_client(RD_KAFKA_PRODUCER, conf);
  char *value = malloc(size + 1);
  for (size_t i = 0; i < size; i++) value[i] = (char)('a' + i % 26);
  int slots = topic_count * partitions;
  int64_t begun = microseconds();
  for (long sent = 0; !told_to_end();) {
    long due = (long)((double)(microseconds() - begun) / 1e6 * rate);
    /* What piled up while the queue was full is not caught up with: the load is to be even. */
    if (due - sent > (long)rate) sent = due - (long)rate;
    for (; sent < due; sent++) {
      long slot = sent % slots;
      static long numbers[TOPICS_MAX * 1024];
      produce_one(client, topics[slot / partitions], (int)(slot % partitions), writer, numbers[slot]++, value, size);
    }
    rd_kafka_poll(client, 2);
  }
  rd_kafka_resp_err_t err = rd_kafka_flush(client, PATIENCE_MS);
  if (err) give_up(1, "not all messages were acknowledged in time", rd_kafka_err2name(err));
  rd_kafka_destroy(client);
  return 0;
}

/* ---- follow ---- */

/* Asks for what is committed until the broker says it; `list` has the offsets then. */
static void ask_committed(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list) {
  int64_t begun = microseconds();
  for (;;) {
    int64_t asked = microseconds();
    rd_kafka_resp_err_t err = rd_kafka_committed(client, list, 5000);
    for (int i = 0; err == 0 && i < list->cnt; i++) err = list->elems[i].err;
    if (err == 0) {
      int64_t ended = microseconds();
      for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *at = &list->elems[i];
        printf("resumed %ld %ld %s %d %ld\n", (long)asked, (long)ended, at->topic, at->partition,
               at->offset < 0 ? -1L : (long)at->offset);
      }
      return;
    }
    if (microseconds() - begun > PATIENCE_MS * 1000L) give_up(1, "no committed offsets", rd_kafka_err2name(err));
    usleep(20000);
  }
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t why, rd_kafka_topic_partition_list_t *list, void *opaque) {
  (void)opaque;
  if (why != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    rd_kafka_assign(client, NULL);
    return;
  }
  ask_committed(client, list);
  for (int i = 0; i < list->cnt; i++) {
    if (list->elems[i].offset < 0) list->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client, list);
}

static void commit_seen(rd_kafka_t *client) {
  rd_kafka_topic_partition_list_t *list;
  if (rd_kafka_assignment(client, &list) != 0) return;
  rd_kafka_position(client, list);
  for (int i = list->cnt - 1; i >= 0; i--) {
    if (list->elems[i].offset < 0) rd_kafka_topic_partition_list_del_by_idx(list, i);
  }
  int64_t begun = microseconds();
  if (list->cnt > 0 && rd_kafka_commit(client, list, 0) == 0) {
    int64_t ended = microseconds();
    for (int i = 0; i < list->cnt; i++) {
      rd_kafka_topic_partition_t *at = &list->elems[i];
      if (at->err == 0) printf("committed %ld %ld %s %d %ld\n", (long)begun, (long)ended, at->topic, at->partition, (long)at->offset);
    }
  }
  rd_kafka_topic_partition_list_destroy(list);
}

static int follow(const char *broker, const char *group, int commit_ms, char **topics, int topic_count, char **settings,
                  int setting_count) {
  rd_kafka_conf_t *conf = configuration(broker, settings, setting_count);
  set(conf, "group.id", group);
  set(conf, "enable.auto.commit", "false");
  set(conf, "auto.offset.reset", "error");
  set(conf, "session.timeout.ms", "6000");
  set(conf, "heartbeat.interval.ms", "500");
  set(conf, "fetch.wait.max.ms", "100");
  set(conf, "check.crcs", "true");
  rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
  rd_kafka_t *client = open_client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t *subscription = rd_kafka_topic_partition_list_new(topic_count);
  for (int i = 0; i < topic_count; i++) rd_kafka_topic_partition_list_add(subscription, topics[i], RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client, subscription);
  int64_t committed_at = microseconds();
  while (!told_to_end()) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 20);
    if (message != NULL) {
      if (message->err) printf("error %s %s\n", rd_kafka_err2name(message->err), rd_kafka_message_errstr(message));
      else
        printf("got %s %d %ld %.*s\n", rd_kafka_topic_name(message->rkt), message->partition, (long)message->offset,
               (int)message->key_len, (const char *)message->key);
      rd_kafka_message_destroy(message);
    }
    if (microseconds() - committed_at > commit_ms * 1000L) {
      commit_seen(client);
      committed_at = microseconds();
    }
  }
  commit_seen(client);
  rd_kafka_consumer_close(client);
  rd_kafka_topic_partition_list_destroy(subscription);
  rd_kafka_destroy(client);
  return 0;
}

/* ---- offsets ---- */

static int offsets(const char *broker, const char *group, int partitions, char **topics, int topic_count, char **settings,
                   int setting_count) {
  rd_kafka_conf_t *conf = configuration(broker, settings, setting_count);
  set(conf, "group.id", group);
  rd_kafka_t *client = open_client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(topic_count * partitions);
  for (int i = 0; i < topic_count; i++) {
    for (int p = 0; p < partitions; p++) rd_kafka_topic_partition_list_add(list, topics[i], p);
  }
  ask_committed(client, list);
  for (int i = 0; i < list->cnt; i++) {
    int64_t low, high;
    for (int64_t begun = microseconds();;) {
      rd_kafka_resp_err_t err =
          rd_kafka_query_watermark_offsets(client, list->elems[i].topic, list->elems[i].partition, &low, &high, 5000);
      if (err == 0) break;
      if (microseconds() - begun > PATIENCE_MS * 1000L) give_up(1, "no end offset", rd_kafka_err2name(err));
      usleep(20000);
      /* A partition that was without a leader when librdkafka asked stays so in what it remembers. */
      const struct rd_kafka_metadata *known;
      if (rd_kafka_metadata(client, 1, NULL, &known, 5000) == 0) rd_kafka_metadata_destroy(known);
    }
    printf("end %s %d %ld\n", list->elems[i].topic, list->elems[i].partition, (long)high);
  }
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(client);
  return 0;
}

/* ---- the command line ---- */

int main(int argc, char **argv) {
  static char buffer[1 << 20];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  int end = argc;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "-X") == 0 && i < end) end = i;
  }
  char **settings = argv + end;
  int setting_count = argc - end;
  const char *command = argc > 1 ? argv[1] : "";
  if (strcmp(command, "write") == 0 && end > 7 && end - 7 <= TOPICS_MAX && atoi(argv[6]) <= 1024) {
    return write_numbered(argv[2], argv[3], atof(argv[4]), strtoul(argv[5], NULL, 10), atoi(argv[6]), argv + 7, end - 7,
                          settings, setting_count);
  }
  if (strcmp(command, "follow") == 0 && end > 5) {
    return follow(argv[2], argv[3], atoi(argv[4]), argv + 5, end - 5, settings, setting_count);
  }
  if (strcmp(command, "offsets") == 0 && end > 5) {
    return offsets(argv[2], argv[3], atoi(argv[4]), argv + 5, end - 5, settings, setting_count);
  }
  give_up(2, "usage", "durability-client write|follow|offsets HOST:PORT ...");
}
