/* MiniHadoop - a real HDFS with WebHDFS and, where asked for, a real YARN, in one JVM on the loopback.
 *
 *   java -cp CLASSPATH MiniHadoop FOLDER [yarn | kerberos]
 *
 * Every port is one that the kernel gave. When all of it takes requests, FOLDER/ready.json tells where
 * ({"namenode", "webhdfs", "resourcemanager"}), and FOLDER/conf holds core-site.xml, hdfs-site.xml
 * and yarn-site.xml for clients. It runs until it is killed; nothing in FOLDER is used a second time.
 *
 * With kerberos there is a KDC too, HDFS takes only who shows a ticket or a token, and FOLDER/tokens holds the
 * delegation token of the user anna, as YARN gives it to a container; she may write to /home.
 *
 * Until then it does what FOLDER/order says, which it removes once that is done: "stop datanode", "start datanode",
 * "enter safemode" (no writes), "leave safemode".
 */
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.PrivilegedExceptionAction;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.protocol.HdfsConstants.SafeModeAction;
import org.apache.hadoop.hdfs.server.datanode.DataNode;
import org.apache.hadoop.hdfs.server.namenode.NameNode;
import org.apache.hadoop.metrics2.lib.DefaultMetricsSystem;
import org.apache.hadoop.minikdc.MiniKdc;
import org.apache.hadoop.security.Credentials;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.nodemanager.NodeManager;
import org.apache.hadoop.yarn.server.resourcemanager.ResourceManager;

public class MiniHadoop {
	static final String ANY_PORT = "127.0.0.1:0";

	/** Two daemons of one kind of metrics live in this JVM, and all of them on the loopback. */
	public static void main(String[] arguments) throws Exception {
		DefaultMetricsSystem.setMiniClusterMode(true);
		File folder = new File(arguments[0]).getAbsoluteFile();
		boolean yarn = List.of(arguments).contains("yarn"), kerberos = List.of(arguments).contains("kerberos");
		Configuration hdfs = hdfs(folder);
		if (kerberos) {
			secure(folder, hdfs);
		}
		NameNode.format(hdfs);
		NameNode nameNode = NameNode.createNameNode(new String[0], hdfs);
		hdfs.set("fs.defaultFS", "hdfs://" + text(nameNode.getNameNodeAddress()));
		hdfs.set("dfs.namenode.rpc-address", text(nameNode.getNameNodeAddress()));
		hdfs.set("dfs.namenode.http-address", text(nameNode.getHttpAddress()));
		DataNode dataNode = startDataNode(hdfs);
		while (nameNode.isInSafeMode()) {
			Thread.sleep(20);
		}
		if (kerberos) {
			writeToken(folder, hdfs);
		}
		File conf = new File(folder, "conf");
		Files.createDirectories(conf.toPath());
		write(conf, "hdfs-site.xml", client(hdfs));
		write(conf, "core-site.xml", core(hdfs));
		String ready = "{\"namenode\": \"hdfs://" + text(nameNode.getNameNodeAddress()) + "\", \"webhdfs\": \"http://"
				+ text(nameNode.getHttpAddress()) + "\"";
		if (yarn) {
			ready += startYarn(folder, hdfs, conf);
		}
		Path part = new File(folder, "ready.part").toPath();
		Files.writeString(part, ready + "}\n");
		Files.move(part, new File(folder, "ready.json").toPath(), StandardCopyOption.ATOMIC_MOVE);
		obey(new File(folder, "order").toPath(), hdfs, nameNode, dataNode);
	}

	static void obey(Path order, Configuration hdfs, NameNode nameNode, DataNode dataNode) throws Exception {
		for (;; Thread.sleep(20)) {
			if (!Files.exists(order)) {
				continue;
			}
			switch (Files.readString(order).trim()) {
				case "stop datanode" -> dataNode.shutdown();
				case "start datanode" -> dataNode = startDataNode(hdfs);
				case "enter safemode" ->
					nameNode.getRpcServer().setSafeMode(SafeModeAction.SAFEMODE_ENTER, false);
				case "leave safemode" ->
					nameNode.getRpcServer().setSafeMode(SafeModeAction.SAFEMODE_LEAVE, false);
				default -> throw new IOException("no such order");
			}
			Files.delete(order);
		}
	}

	static DataNode startDataNode(Configuration hdfs) throws Exception {
		DataNode dataNode = DataNode.createDataNode(new String[0], hdfs);
		while (!dataNode.isDatanodeFullyStarted()) {
			Thread.sleep(20);
		}
		return dataNode;
	}

	/** The settings of the NameNode and of its one DataNode. */
	static Configuration hdfs(File folder) {
		Configuration c = new HdfsConfiguration();
		c.set("hadoop.tmp.dir", folder + "/tmp");
		c.set("fs.defaultFS", "hdfs://" + ANY_PORT);
		c.set("dfs.namenode.rpc-address", ANY_PORT);
		c.set("dfs.namenode.http-address", ANY_PORT);
		c.set("dfs.namenode.name.dir", "file://" + folder + "/name");
		c.set("dfs.datanode.data.dir", "file://" + folder + "/data");
		c.set("dfs.datanode.address", ANY_PORT);
		c.set("dfs.datanode.http.address", ANY_PORT);
		c.set("dfs.datanode.ipc.address", ANY_PORT);
		c.set("dfs.datanode.hostname", "127.0.0.1");
		c.setBoolean("dfs.client.use.datanode.hostname", true);
		c.setInt("dfs.replication", 1);
		c.setInt("dfs.namenode.safemode.extension", 0);
		c.setInt("dfs.namenode.fs-limits.min-block-size", 1);
		c.setInt("dfs.blocksize", 4 << 20); // small, so that tests have files of several blocks
		return c;
	}

	/** Starts a KDC; from here on nobody is believed. */
	static void secure(File folder, Configuration c) throws Exception {
		MiniKdc kdc = new MiniKdc(MiniKdc.createConf(), folder);
		kdc.start();
		File keytab = new File(folder, "keytab");
		kdc.createPrincipal(keytab, "hdfs/localhost", "HTTP/localhost", "anna");
		for (String daemon : new String[] {"namenode", "datanode"}) {
			c.set("dfs." + daemon + ".kerberos.principal", "hdfs/localhost@" + kdc.getRealm());
			c.set("dfs." + daemon + ".keytab.file", keytab.getPath());
		}
		for (String web : new String[] {"dfs.web.authentication.kerberos.", "hadoop.http.authentication.kerberos."}) {
			c.set(web + "principal", "HTTP/localhost@" + kdc.getRealm());
			c.set(web + "keytab", keytab.getPath());
		}
		c.set("hadoop.security.authentication", "kerberos");
		c.set("hadoop.http.authentication.type", "kerberos");
		c.setBoolean("dfs.block.access.token.enable", true);
		c.setBoolean("ignore.secure.ports.for.testing", true);
		UserGroupInformation.setConfiguration(c);
	}

	static void writeToken(File folder, Configuration c) throws Exception {
		String keytab = new File(folder, "keytab").getPath();
		String realm = c.get("dfs.namenode.kerberos.principal").replaceFirst(".*@", "@");
		as("hdfs/localhost" + realm, keytab, c, fs -> {
			fs.mkdirs(new org.apache.hadoop.fs.Path("/home"));
			fs.setPermission(new org.apache.hadoop.fs.Path("/home"), new FsPermission((short) 0777));
		});
		as("anna" + realm, keytab, c, fs -> {
			Credentials credentials = new Credentials();
			fs.addDelegationTokens("anna", credentials);
			credentials.writeTokenStorageFile(new org.apache.hadoop.fs.Path("file://" + folder + "/tokens"), c,
					Credentials.SerializedFormat.WRITABLE);
		});
	}

	interface Use {
		void of(FileSystem fs) throws Exception;
	}

	static void as(String principal, String keytab, Configuration c, Use use) throws Exception {
		UserGroupInformation.loginUserFromKeytabAndReturnUGI(principal, keytab)
				.doAs((PrivilegedExceptionAction<Void>) () -> {
					use.of(FileSystem.newInstance(c));
					return null;
				});
	}

	/** Starts a ResourceManager and a NodeManager, writes yarn-site.xml, returns their part of ready.json. */
	static String startYarn(File folder, Configuration hdfs, File conf) throws Exception {
		YarnConfiguration c = new YarnConfiguration(hdfs);
		for (String address : new String[] {"resourcemanager.address", "resourcemanager.scheduler.address",
				"resourcemanager.resource-tracker.address", "resourcemanager.admin.address",
				"resourcemanager.webapp.address", "nodemanager.address", "nodemanager.localizer.address",
				"nodemanager.webapp.address", "nodemanager.collector-service.address"}) {
			c.set("yarn." + address, ANY_PORT);
		}
		c.set("yarn.resourcemanager.hostname", "127.0.0.1");
		c.set("yarn.nodemanager.hostname", "127.0.0.1");
		c.set("yarn.resourcemanager.scheduler.class",
				"org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler");
		c.setInt("yarn.scheduler.minimum-allocation-mb", 128);
		c.setInt("yarn.nodemanager.resource.memory-mb", 4096);
		c.setInt("yarn.nodemanager.resource.cpu-vcores", 8);
		c.setBoolean("yarn.nodemanager.vmem-check-enabled", false);
		c.setBoolean("yarn.nodemanager.pmem-check-enabled", false);
		c.setFloat("yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", 99.5f);
		c.set("yarn.nodemanager.local-dirs", folder + "/local");
		c.set("yarn.nodemanager.log-dirs", folder + "/logs");
		c.set("yarn.nodemanager.env-whitelist", "JAVA_HOME,PATH");
		c.setInt("yarn.nodemanager.delete.debug-delay-sec", 3600);
		c.setInt("yarn.resourcemanager.nodemanagers.heartbeat-interval-ms", 100);
		ResourceManager manager = new ResourceManager();
		manager.init(c);
		manager.start();
		NodeManager node = new NodeManager();
		node.init(new YarnConfiguration(manager.getConfig()));
		node.start();
		while (manager.getResourceScheduler().getNumClusterNodes() < 1) {
			Thread.sleep(20);
		}
		write(conf, "yarn-site.xml", client(manager.getConfig()));
		return ", \"resourcemanager\": \"" + manager.getConfig().get("yarn.resourcemanager.address") + "\"";
	}

	/** What clients of other Hadoop versions need of a daemon's settings: where it is, and no class names. */
	static Configuration client(Configuration full) {
		Configuration c = new Configuration(false);
		for (String name : new String[] {"dfs.namenode.rpc-address", "dfs.namenode.http-address",
				"dfs.client.use.datanode.hostname", "dfs.replication", "yarn.resourcemanager.address",
				"yarn.resourcemanager.scheduler.address", "yarn.resourcemanager.admin.address",
				"yarn.resourcemanager.webapp.address", "yarn.resourcemanager.hostname",
				"yarn.scheduler.minimum-allocation-mb"}) {
			if (full.get(name) != null) {
				c.set(name, full.get(name));
			}
		}
		return c;
	}

	static Configuration core(Configuration full) {
		Configuration c = new Configuration(false);
		c.set("fs.defaultFS", full.get("fs.defaultFS"));
		return c;
	}

	static void write(File conf, String name, Configuration c) throws IOException {
		try (OutputStream out = new FileOutputStream(new File(conf, name))) {
			c.writeXml(out);
		}
	}

	static String text(InetSocketAddress address) {
		return address.getAddress().getHostAddress() + ":" + address.getPort();
	}
}
