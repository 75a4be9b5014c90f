"""What a Python program does with the public client library, which reads strictly: an answer that
lacks a field that the OpenAPI document requires is an error. Runs against the cluster of KUBECONFIG;
python-client.e2e.test.ts starts it."""

import time
import unittest

from kubernetes import client, config, dynamic, watch
from kubernetes.stream import stream

NAMESPACE = "python"
config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()
custom = client.CustomObjectsApi()


def eventually(what, look, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"timed out: {what}")


def container(name="main", script="echo begun; exec sleep 1000"):
    return client.V1Container(name=name, image="any", command=["sh", "-c", script])


def meta(name, **more):
    return client.V1ObjectMeta(name=name, **more)


def pod(name, **more):
    spec = client.V1PodSpec(
        termination_grace_period_seconds=1, containers=[container()], **more
    )
    return client.V1Pod(metadata=meta(name, labels={"app": name}), spec=spec)


def is_ready(name):
    conditions = core.read_namespaced_pod(name, NAMESPACE).status.conditions or []
    return any(one.type == "Ready" and one.status == "True" for one in conditions)


def setUpModule():
    core.create_namespace(client.V1Namespace(metadata=meta(NAMESPACE)))
    core.create_namespaced_pod(NAMESPACE, pod("talk"))
    labels = {"app": "web"}
    apps.create_namespaced_deployment(
        NAMESPACE,
        client.V1Deployment(
            metadata=meta("web"),
            spec=client.V1DeploymentSpec(
                replicas=2,
                selector=client.V1LabelSelector(match_labels=labels),
                template=client.V1PodTemplateSpec(
                    metadata=client.V1ObjectMeta(labels=labels),
                    spec=client.V1PodSpec(
                        termination_grace_period_seconds=1, containers=[container()]
                    ),
                ),
            ),
        ),
    )
    core.create_namespaced_service(
        NAMESPACE,
        client.V1Service(
            metadata=meta("web"),
            spec=client.V1ServiceSpec(
                selector=labels, ports=[client.V1ServicePort(port=80, target_port=8080)]
            ),
        ),
    )
    eventually("the pod is ready", lambda: is_ready("talk"))
    eventually(
        "the deployment is available",
        lambda: apps.read_namespaced_deployment("web", NAMESPACE).status.available_replicas == 2,
    )


def tearDownModule():
    core.delete_namespace(NAMESPACE)


class EveryKind(unittest.TestCase):
    """Lists come from a cluster in which things run, so that statuses are filled in."""

    def test_lists_of_built_in_kinds_are_read_by_their_types(self):
        coordination = client.CoordinationV1Api()
        networking = client.NetworkingV1Api()
        admission = client.AdmissionregistrationV1Api()
        name = "made"
        core.create_namespaced_secret(
            NAMESPACE, client.V1Secret(metadata=meta(name), string_data={"a": "b"})
        )
        coordination.create_namespaced_lease(
            NAMESPACE,
            client.V1Lease(metadata=meta(name), spec=client.V1LeaseSpec(holder_identity="me")),
        )
        backend = client.V1IngressBackend(
            service=client.V1IngressServiceBackend(
                name="web", port=client.V1ServiceBackendPort(number=80)
            )
        )
        networking.create_namespaced_ingress(
            NAMESPACE,
            client.V1Ingress(
                metadata=meta(name), spec=client.V1IngressSpec(default_backend=backend)
            ),
        )
        hook = dict(
            name="a.b.example.com",
            admission_review_versions=["v1"],
            side_effects="None",
            client_config=client.AdmissionregistrationV1WebhookClientConfig(
                url="https://127.0.0.1:1/"
            ),
        )
        admission.create_mutating_webhook_configuration(
            client.V1MutatingWebhookConfiguration(
                metadata=meta(name), webhooks=[client.V1MutatingWebhook(**hook)]
            )
        )
        admission.create_validating_webhook_configuration(
            client.V1ValidatingWebhookConfiguration(
                metadata=meta(name), webhooks=[client.V1ValidatingWebhook(**hook)]
            )
        )
        lists = [
            core.list_config_map_for_all_namespaces,
            core.list_endpoints_for_all_namespaces,
            core.list_event_for_all_namespaces,
            core.list_namespace,
            core.list_node,
            core.list_pod_for_all_namespaces,
            core.list_secret_for_all_namespaces,
            core.list_service_account_for_all_namespaces,
            core.list_service_for_all_namespaces,
            apps.list_deployment_for_all_namespaces,
            apps.list_replica_set_for_all_namespaces,
            client.DiscoveryV1Api().list_endpoint_slice_for_all_namespaces,
            networking.list_ingress_for_all_namespaces,
            coordination.list_lease_for_all_namespaces,
            admission.list_mutating_webhook_configuration,
            admission.list_validating_webhook_configuration,
            client.ApiextensionsV1Api().list_custom_resource_definition,
        ]
        for each in lists:
            with self.subTest(each.__name__):
                self.assertGreater(len(each().items), 0)
        admission.delete_mutating_webhook_configuration(name)
        admission.delete_validating_webhook_configuration(name)

    def test_whatever_discovery_names_can_be_listed(self):
        found = dynamic.DynamicClient(client.ApiClient())
        listed = 0
        for resource in found.resources.search():
            if "list" not in (resource.verbs or []) or resource.kind.endswith("List"):
                continue
            with self.subTest(f"{resource.group_version} {resource.name}"):
                self.assertTrue(found.get(resource).kind.endswith("List"))
            listed += 1
        self.assertGreater(listed, 18)


class Writing(unittest.TestCase):
    def test_config_map_from_creation_to_deletion(self):
        name = "settings"
        made = core.create_namespaced_config_map(
            NAMESPACE, client.V1ConfigMap(metadata=meta(name), data={"key": "one"})
        )
        made.data["key"] = "two"
        replaced = core.replace_namespaced_config_map(name, NAMESPACE, made)
        self.assertEqual(replaced.data, {"key": "two"})
        with self.assertRaises(client.ApiException) as raised:
            core.replace_namespaced_config_map(name, NAMESPACE, made)
        self.assertEqual(raised.exception.status, 409)
        patched = core.patch_namespaced_config_map(name, NAMESPACE, {"data": {"more": "x"}})
        self.assertEqual(patched.data, {"key": "two", "more": "x"})
        listed = core.list_namespaced_config_map(NAMESPACE, field_selector=f"metadata.name={name}")
        self.assertEqual([one.metadata.name for one in listed.items], [name])
        self.assertEqual(core.delete_namespaced_config_map(name, NAMESPACE).status, "Success")
        with self.assertRaises(client.ApiException) as raised:
            core.read_namespaced_config_map(name, NAMESPACE)
        self.assertEqual(raised.exception.status, 404)

    def test_dry_run_and_field_manager(self):
        body = client.V1ConfigMap(metadata=meta("dry"))
        core.create_namespaced_config_map(NAMESPACE, body, dry_run="All", field_manager="python")
        with self.assertRaises(client.ApiException):
            core.read_namespaced_config_map("dry", NAMESPACE)

    def test_scale_and_status(self):
        scale = apps.read_namespaced_deployment_scale("web", NAMESPACE)
        self.assertEqual(scale.spec.replicas, 2)
        apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 1}})
        status = apps.read_namespaced_deployment_status("web", NAMESPACE)
        self.assertEqual(status.spec.replicas, 1)

    def test_custom_objects(self):
        service = {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": "qwen"},
            "spec": {
                "predictor": {
                    "minReplicas": 0,
                    "model": {"modelFormat": {"name": "huggingface"}, "storageUri": "hf://a/b"},
                }
            },
        }
        where = ("serving.kserve.io", "v1beta1", NAMESPACE, "inferenceservices")
        custom.create_namespaced_custom_object(*where, service)
        patch = {"spec": {"predictor": {"maxReplicas": 3}}}
        patched = custom.patch_namespaced_custom_object(*where, "qwen", patch)
        self.assertEqual(patched["spec"]["predictor"]["maxReplicas"], 3)
        custom.delete_namespaced_custom_object(*where, "qwen")

    def test_pod_eviction(self):
        core.create_namespaced_pod(NAMESPACE, pod("evicted"))
        eventually("it is ready", lambda: is_ready("evicted"))
        body = client.V1Eviction(metadata=meta("evicted", namespace=NAMESPACE))
        core.create_namespaced_pod_eviction("evicted", NAMESPACE, body)

        def is_gone():
            try:
                core.read_namespaced_pod("evicted", NAMESPACE)
            except client.ApiException as error:
                return error.status == 404

        eventually("it is gone", is_gone)


class Watching(unittest.TestCase):
    def test_watch_from_a_list(self):
        listed = core.list_namespaced_config_map(NAMESPACE)
        core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=meta("seen")))
        core.delete_namespaced_config_map("seen", NAMESPACE)
        seen = []
        watching = watch.Watch()
        for event in watching.stream(
            core.list_namespaced_config_map,
            NAMESPACE,
            resource_version=listed.metadata.resource_version,
            timeout_seconds=30,
        ):
            seen.append((event["type"], event["object"].metadata.name))
            if len(seen) == 2:
                watching.stop()
        self.assertEqual(seen, [("ADDED", "seen"), ("DELETED", "seen")])


class Running(unittest.TestCase):
    def test_logs(self):
        self.assertEqual(core.read_namespaced_pod_log("talk", NAMESPACE), "begun\n")

    def test_exec(self):
        answer = stream(
            core.connect_get_namespaced_pod_exec,
            "talk",
            NAMESPACE,
            command=["sh", "-c", "echo out"],
            stdout=True,
            stderr=True,
            stdin=False,
            tty=False,
        )
        self.assertEqual(answer, "out\n")

    def test_exec_with_input_and_exit_code(self):
        session = stream(
            core.connect_get_namespaced_pod_exec,
            "talk",
            NAMESPACE,
            command=["sh", "-c", "read line; echo $line; exit 4"],
            stdout=True,
            stderr=True,
            stdin=True,
            tty=False,
            _preload_content=False,
        )
        session.write_stdin("given\n")
        session.run_forever(timeout=30)
        self.assertEqual(session.read_stdout(), "given\n")
        self.assertEqual(session.returncode, 4)


class Discovery(unittest.TestCase):
    def test_versions_groups_and_resources(self):
        self.assertEqual(client.VersionApi().get_code().minor, "32")
        self.assertEqual(client.CoreApi().get_api_versions().versions, ["v1"])
        groups = {group.name for group in client.ApisApi().get_api_versions().groups}
        self.assertLessEqual({"apps", "metrics.k8s.io", "serving.kserve.io"}, groups)
        names = {one.name for one in core.get_api_resources().resources}
        self.assertLessEqual({"pods", "pods/log", "pods/exec", "nodes"}, names)

    def test_permissions(self):
        spec = client.V1SelfSubjectAccessReviewSpec(
            resource_attributes=client.V1ResourceAttributes(verb="get", resource="pods")
        )
        body = client.V1SelfSubjectAccessReview(spec=spec)
        review = client.AuthorizationV1Api().create_self_subject_access_review(body)
        self.assertTrue(review.status.allowed)


if __name__ == "__main__":
    unittest.main()
