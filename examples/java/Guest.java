// SPDX-License-Identifier: LGPL-2.1-or-later

// Defines a domain, starts it and sees it run, with D-Bus alone (dbus-java 2.8):
//   CLASSPATH=.:/usr/share/java/dbus.jar:/usr/share/java/unix.jar
//   javac Guest.java && java -Djava.library.path=/usr/lib/jni Guest
// The annotations @DBusInterfaceName say what dbus-java would make of the names of packages. It
// cannot receive file descriptors, so the console is read through `vireoctl console`, which is on
// the PATH or what VIREOCTL says.
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

import org.freedesktop.dbus.DBusConnection;
import org.freedesktop.dbus.DBusInterface;
import org.freedesktop.dbus.DBusInterfaceName;
import org.freedesktop.dbus.DBusSignal;
import org.freedesktop.dbus.Path;
import org.freedesktop.dbus.Variant;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;

public class Guest {
    static final String SERVICE = "org.vireo.Vireo1";
    static final String DEFINITION =
        "<domain type='test'><name>java</name><memory unit='KiB'>8192</memory>"
        + "<os><type>hvm</type></os><devices><console type='pty'/></devices></domain>";
    static final Map<String, Variant> NO_OPTIONS = new HashMap<>();

    @DBusInterfaceName("org.vireo.Vireo1.Manager")
    public interface Manager extends DBusInterface {
        void Subscribe(Map<String, Variant> options);
        Path OpenConnection(String uri, Map<String, Variant> options);
    }

    @DBusInterfaceName("org.vireo.Vireo1.Connection")
    public interface Connection extends DBusInterface {
        Path DefineDomain(String xml, Map<String, Variant> options);
        Path LookupDomainByName(String name);
        Map<Path, Map<String, Variant>> GetDomains(List<String> properties,
                                                   Map<String, Variant> options);
    }

    @DBusInterfaceName("org.vireo.Vireo1.Domain")
    public interface Domain extends DBusInterface {
        void Start(Map<String, Variant> options);
        void Destroy(Map<String, Variant> options);
        void Undefine(Map<String, Variant> options);
    }

    @DBusInterfaceName("org.freedesktop.DBus.Properties")
    public interface Changes extends DBusInterface {
        class PropertiesChanged extends DBusSignal {
            public final Map<String, Variant> changed;

            public PropertiesChanged(String path, String of, Map<String, Variant> changed,
                                     List<String> invalidated) throws DBusException {
                super(path, of, changed, invalidated);
                this.changed = changed;
            }
        }
    }

    static void printConsole() throws IOException {
        String program = System.getenv().getOrDefault("VIREOCTL", "vireoctl");
        Process vireoctl = new ProcessBuilder(program, "-c", "test", "console", "java").start();
        StringBuilder text = new StringBuilder();
        InputStream output = vireoctl.getInputStream();

        while (text.indexOf("Vireo test guest") < 0 || !text.toString().endsWith("login: ")) {
            int c = output.read();
            if (c < 0)
                throw new IOException("the console was closed");
            text.append((char) c);
        }
        vireoctl.getOutputStream().close();
        vireoctl.destroy();
        for (String line : text.toString().split("\r\n"))
            if (line.contains("Vireo test guest"))
                System.out.println("console: " + line);
    }

    static void run(DBusConnection bus) throws Exception {
        Manager manager = bus.getRemoteObject(SERVICE, "/org/vireo/Vireo1", Manager.class);

        // Who asked for signals gets those about what they may read.
        manager.Subscribe(NO_OPTIONS);
        Connection connection = bus.getRemoteObject(
            SERVICE, manager.OpenConnection("test:///default", NO_OPTIONS).getPath(),
            Connection.class);
        String path = connection.DefineDomain(DEFINITION, NO_OPTIONS).getPath();
        Domain domain = bus.getRemoteObject(SERVICE, path, Domain.class);

        CountDownLatch running = new CountDownLatch(1);
        bus.addSigHandler(Changes.PropertiesChanged.class, signal -> {
            if (!signal.getPath().equals(path) || !signal.changed.containsKey("State"))
                return;
            Object state = signal.changed.get("State").getValue();
            System.out.println("state: " + state);
            if (state.equals("running"))
                running.countDown();
        });
        domain.Start(NO_OPTIONS);
        running.await();

        for (Map<String, Variant> each
             : connection.GetDomains(Arrays.asList("Name", "State"), NO_OPTIONS).values())
            System.out.println("listed: " + each.get("Name").getValue() + " "
                               + each.get("State").getValue());

        printConsole();

        try {
            connection.LookupDomainByName("absent");
        } catch (DBusExecutionException error) {
            if (error.getType().equals("org.vireo.Vireo1.Error.NotFound"))
                System.out.println("not found: True");
        }

        domain.Destroy(NO_OPTIONS);
        domain.Undefine(NO_OPTIONS);
    }

    public static void main(String[] arguments) throws Exception {
        DBusConnection bus = DBusConnection.getConnection(DBusConnection.SYSTEM);

        try {
            run(bus);
        } finally {
            bus.disconnect();
        }
    }
}
