/*
 * An idempotent producer that never gives up: writes numbered messages to all partitions of a topic until its standard
 * input ends, over any number of broker deaths, and prints every acknowledgement.
 *
 *   writer HOST:PORT TOPIC PARTITIONS NAME
 *
 * Message N of a partition is "NAME N". A line of output is "PARTITION N OFFSET"; the offset is -1 where the broker only
 * said that it had the message already. Ends with 1 at the first message that failed: an idempotent producer may not
 * lose one.
 */
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN_FLIGHT = 2000, MESSAGES_A_TURN = 40 };

static long in_flight;

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  (void)opaque;
  in_flight--;
  if (message->err) {
    fprintf(stderr, "writer: a message failed: %s\n", rd_kafka_err2str(message->err));
    exit(1);
  }
  printf("%d %ld %lld\n", message->partition, (long)(size_t)message->_private, (long long)message->offset);
}

static void on_error(rd_kafka_t *client, int err, const char *reason, void *opaque) {
  (void)opaque;
  if (err != RD_KAFKA_RESP_ERR__FATAL) return;
  char why[512];
  rd_kafka_fatal_error(client, why, sizeof why);
  fprintf(stderr, "writer: fatal: %s (%s)\n", why, reason);
  exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char why[512];
  if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK) return;
  fprintf(stderr, "writer: %s\n", why);
  exit(2);
}

static int input_has_ended(void) {
  struct pollfd input = {.fd = 0, .events = POLLIN};
  char byte;
  return poll(&input, 1, 0) > 0 && read(0, &byte, 1) <= 0;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: writer HOST:PORT TOPIC PARTITIONS NAME\n");
    return 2;
  }
  int partitions = atoi(argv[3]);
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", argv[1]);
  set(conf, "enable.idempotence", "true");
  set(conf, "linger.ms", "2");
  set(conf, "reconnect.backoff.max.ms", "200");
  set(conf, "socket.timeout.ms", "10000");
  set(conf, "log_level", "0");
  rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  rd_kafka_conf_set_error_cb(conf, on_error);
  char why[512];
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  if (client == NULL) {
    fprintf(stderr, "writer: %s\n", why);
    return 2;
  }
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, argv[2], NULL);
  long next = 0;
  while (!input_has_ended()) {
    for (int i = 0; i < MESSAGES_A_TURN && in_flight < IN_FLIGHT; i++, next++) {
      char value[64];
      int length = snprintf(value, sizeof value, "%s %ld", argv[4], next / partitions);
      if (rd_kafka_produce(topic, (int32_t)(next % partitions), RD_KAFKA_MSG_F_COPY, value, (size_t)length, NULL, 0,
                           (void *)(size_t)(next / partitions)) == -1) {
        fprintf(stderr, "writer: %s\n", rd_kafka_err2str(rd_kafka_last_error()));
        return 1;
      }
      in_flight++;
    }
    rd_kafka_poll(client, 2);
  }
  while (in_flight > 0) rd_kafka_poll(client, 100);
  fflush(stdout);
  return 0;
}
