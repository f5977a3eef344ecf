import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs many of Kafka's command-line tools in one JVM, each as if it had one of its own: it has its own arguments, input,
 * output, error output and static state, its exit ends it alone, and its shutdown hooks run at its end.
 *
 * Reads JSON lines: {"id": 1, "main": "org.apache.kafka.tools.TopicCommand", "args": ["--list"], "input": "", "timeoutMs": 30000}
 * starts a command; {"stop": 1} asks it to end as SIGTERM would. Writes, when a command has ended:
 * {"id": 1, "status": 0, "stdout": "…", "stderr": "…"}; status is null when it had to be abandoned after its time.
 * Ends with its input. The class path is Kafka's; tools that call System.exit themselves need a JVM of their own.
 */
public final class ToolRunner {
  /** What a thread writes to and reads from; threads inherit it from those that start them. */
  private static final InheritableThreadLocal<Command> current = new InheritableThreadLocal<>();

  private static final ObjectMapper json = new ObjectMapper();
  private static final InputStream orders = System.in;
  private static final PrintStream answers = System.out;
  private static final PrintStream ownErrors = System.err;
  private static final long hooksTimeoutMs = 10_000;
  private static final Map<Integer, Command> commands = new ConcurrentHashMap<>();

  public static void main(String[] args) throws IOException {
    System.setOut(new PrintStream(new Demultiplexer(true), true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(new Demultiplexer(false), true, StandardCharsets.UTF_8));
    System.setIn(new CurrentInput());
    Exit.setExitProcedure((status, message) -> current.get().exit(status));
    Exit.setHaltProcedure((status, message) -> current.get().exit(status));
    Exit.setShutdownHookAdder((name, hook) -> current.get().shutdownHooks.add(hook));
    BufferedReader lines = new BufferedReader(new InputStreamReader(orders, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode message = json.readTree(line);
      if (message.has("stop")) {
        Command command = commands.get(message.get("stop").asInt());
        if (command != null) command.stop();
      } else {
        Command command = new Command(message);
        commands.put(command.id, command);
        command.start();
      }
    }
    Runtime.getRuntime().halt(0);
  }

  /** Unwinds the thread that called exit. An Error, so that tools which catch Exception let it pass. */
  private static final class Exited extends Error {
    Exited() {
      super("exit", null, false, false);
    }
  }

  private static final class Command {
    final int id;
    final String main;
    final String[] args;
    final InputStream input;
    final long timeoutMs;
    final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
    final List<Runnable> shutdownHooks = new CopyOnWriteArrayList<>();
    final CountDownLatch ended = new CountDownLatch(1);
    volatile Integer status;
    volatile boolean stopped;
    volatile Thread tool;
    /** The tool's main thread called exit: what it still says while the call unwinds, no process would have said. */
    volatile boolean unwinding;

    Command(JsonNode message) {
      id = message.get("id").asInt();
      main = message.get("main").asText();
      args = json.convertValue(message.get("args"), String[].class);
      input = new ByteArrayInputStream(message.path("input").asText("").getBytes(StandardCharsets.UTF_8));
      timeoutMs = message.path("timeoutMs").asLong(60_000);
    }

    void start() {
      Thread watcher = new Thread(this::watch, "command-" + id);
      watcher.setDaemon(true);
      watcher.start();
    }

    /** Called by the tool's threads; does not return. The first status counts, as it does for a process. */
    void exit(int requested) {
      synchronized (this) {
        if (status == null) status = requested;
      }
      if (Thread.currentThread() == tool) unwinding = true;
      ended.countDown();
      throw new Exited();
    }

    void stop() {
      stopped = true;
      ended.countDown();
    }

    private void watch() {
      current.set(this);
      tool = new Thread(this::run, "main");
      tool.setDaemon(true);
      tool.start();
      boolean inTime;
      try {
        inTime = ended.await(timeoutMs, TimeUnit.MILLISECONDS);
        Thread hooks = new Thread(() -> shutdownHooks.forEach(this::runHook), "shutdown");
        hooks.setDaemon(true);
        hooks.start();
        hooks.join(hooksTimeoutMs);
        if (hooks.isAlive()) {
          System.err.println("its shutdown hooks do not end");
          inTime = false;
        }
        if (stopped) tool.join(hooksTimeoutMs);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      if (!inTime) tool.interrupt();
      answer(inTime);
    }

    private void runHook(Runnable hook) {
      try {
        hook.run();
      } catch (Throwable e) {
        if (!(e instanceof Exited)) e.printStackTrace();
      }
    }

    private void run() {
      try {
        ClassLoader loader = new ToolLoader();
        Thread.currentThread().setContextClassLoader(loader);
        loader.loadClass(main).getMethod("main", String[].class).invoke(null, (Object) args);
        finish(0);
      } catch (InvocationTargetException e) {
        if (!(e.getCause() instanceof Exited)) {
          System.err.print("Exception in thread \"main\" ");
          e.getCause().printStackTrace();
          finish(1);
        }
      } catch (ReflectiveOperationException e) {
        e.printStackTrace();
        finish(1);
      }
      ended.countDown();
    }

    private synchronized void finish(int requested) {
      if (status == null) status = requested;
    }

    private void answer(boolean inTime) {
      commands.remove(id);
      ObjectNode answer = json.createObjectNode();
      answer.put("id", id);
      if (inTime) answer.put("status", status == null ? 143 : status);
      else answer.putNull("status");
      answer.put("stdout", stdout.toString(StandardCharsets.UTF_8));
      answer.put("stderr", stderr.toString(StandardCharsets.UTF_8));
      synchronized (answers) {
        answers.println(answer);
        answers.flush();
      }
    }
  }

  /** Loads the tools anew for each command, since several count in static fields; what they stand on is shared. */
  private static final class ToolLoader extends URLClassLoader {
    private static final URL jar = jarOf("org.apache.kafka.tools.TopicCommand");

    ToolLoader() {
      super(new URL[] {jar}, ToolRunner.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded == null && name.startsWith("org.apache.kafka.tools.")) {
          try {
            loaded = findClass(name);
          } catch (ClassNotFoundException e) {
            // In a jar that the tools share with others.
          }
        }
        return loaded == null ? super.loadClass(name, resolve) : loaded;
      }
    }

    private static URL jarOf(String className) {
      try {
        return Class.forName(className, false, ToolRunner.class.getClassLoader())
            .getProtectionDomain().getCodeSource().getLocation();
      } catch (ClassNotFoundException e) {
        throw new IllegalStateException("Kafka's tools are not on the class path", e);
      }
    }
  }

  /** Sends each thread's output to its command. */
  private static final class Demultiplexer extends OutputStream {
    private final boolean isStdout;

    Demultiplexer(boolean isStdout) {
      this.isStdout = isStdout;
    }

    private OutputStream target() {
      Command command = current.get();
      if (command == null) return ownErrors;
      if (command.unwinding && Thread.currentThread() == command.tool) return OutputStream.nullOutputStream();
      return isStdout ? command.stdout : command.stderr;
    }

    @Override
    public void write(int b) throws IOException {
      target().write(b);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      target().write(bytes, from, length);
    }
  }

  private static final class CurrentInput extends InputStream {
    private static InputStream source() {
      Command command = current.get();
      return command == null ? InputStream.nullInputStream() : command.input;
    }

    @Override
    public int read() throws IOException {
      return source().read();
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      return source().read(bytes, from, length);
    }
  }
}
