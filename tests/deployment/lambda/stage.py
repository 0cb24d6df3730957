"""Runs the functions that AWS would run, as AWS would run them, in an emulated Lambda beside an emulated account.

`stage.py ENDPOINT UPSTREAM FUNCTION=EXECUTABLE…`: first every sample of events/, then what no sample can hold: a whole
group from its POST to its webhook, and a record that cannot be read among good ones. Each check prints a line; the first
that fails ends it.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/deployment"), str(ROOT / "tests/deployment/lambda")]

# pylint: disable=wrong-import-position
from account import Account  # noqa: E402
from emulator import Emulator  # noqa: E402
from translate import translate  # noqa: E402

FIRST, SECOND = "aaaaaaaaaaaaaaaaaaaaaaaaaa", "eeqscijbeeqscijbeeqscijbee"
NOTHING_FAILED = {"batchItemFailures": []}
KEY = {"x-api-key": "lambda-stage"}


class Receiver:
    """A receiver of webhooks on a port of its own; `bodies` is what came."""

    def __init__(self):
        bodies = self.bodies = []

        class Handler(BaseHTTPRequestHandler):
            """Takes everything."""

            def do_POST(self):  # pylint: disable=invalid-name
                """One webhook."""
                length = int(self.headers["Content-Length"])
                bodies.append((dict(self.headers), self.rfile.read(length).decode()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_arguments):
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()


def check(claim, holds, shown=None):
    """Prints a claim that holds; one that does not ends everything."""
    if not holds:
        raise AssertionError(f"{claim}: {shown}")
    print(f"ok    lambda: {claim}", flush=True)
    check.passed += 1


check.passed = 0


def failures(answer):
    """The identifiers of the records that an answer reports."""
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def arrived(account, queue):
    """What waits in a queue, taken out of it, as the event with which its mapping would call."""
    records = []
    while True:
        found = account.sqs.receive_message(
            QueueUrl=account.references[queue], MaxNumberOfMessages=10, AttributeNames=["All"]
        )
        if not found.get("Messages"):
            return {"Records": records}
        for message in found["Messages"]:
            records.append(
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "messageAttributes": {},
                    "md5OfBody": message["MD5OfBody"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": account.attributes[queue, "Arn"],
                    "awsRegion": "us-east-1",
                }
            )


def work_off(account, emulator, queue, function):
    """Gives a function what waits in its queue, as the mapping would; what is not reported is deleted, if it still is there."""
    event = arrived(account, queue)
    answer = emulator.invoke(function, event)
    for record in event["Records"]:
        if record["messageId"] not in failures(answer):
            try:
                account.sqs.delete_message(
                    QueueUrl=account.references[queue], ReceiptHandle=record["receiptHandle"]
                )
            except account.sqs.exceptions.ReceiptHandleIsInvalid:
                pass
    return len(event["Records"]), answer


def samples(account, emulator):
    """Every sample event of the two functions that queues and the stream start is answered with nothing to repeat."""
    for sample in sorted((ROOT / "events").iterdir()):
        function = sample.name.split("-")[0]
        if function in ("runner", "webhook"):
            answer = emulator.invoke(function, sample)
            check(f"{sample.name} is answered record by record", answer == NOTHING_FAILED, answer)
    sent = [record["body"] for record in arrived(account, "Deliveries")["Records"]]
    first = [f'{{"v":1,"unit":"{unit}","delivery":"D#webhook#cancelled#0","attempt":1}}' for unit in (FIRST, SECOND)]
    check("the stream's deliveries became first attempts", sorted(set(sent)) == first, sent)


def unreadable(account, emulator):
    """A record whose item cannot be read is reported, and its neighbours are answered as done."""
    broken = {"pk": {"S": f"U#{FIRST}"}, "sk": {"S": "META"}, "status": {"S": "pending"}, "hop": {"N": "0"}}
    account.dynamodb.put_item(TableName=account.references["Units"], Item=broken)
    answer = emulator.invoke("runner", ROOT / "events/runner-poison.json")
    check("a unit that cannot be read stays in the queue, alone", failures(answer) == [message(1)], answer)
    broken = {"pk": {"S": f"U#{FIRST}"}, "sk": {"S": "D#webhook#cancelled#0"}}
    account.dynamodb.put_item(TableName=account.references["Outbox"], Item=broken)
    answer = emulator.invoke("webhook", ROOT / "events/webhook-attempts.json")
    check("a delivery that cannot be read stays in the queue, alone", failures(answer) == [message(2)], answer)


def requests(emulator):
    """Every sample of a request, as the gateway hands it over, gets an answer that any page may read, and no failure."""
    for sample in sorted((ROOT / "events").iterdir()):
        function = sample.name.split("-")[0]
        if function == "api":
            answer = emulator.invoke(function, sample)
            headers = {name.lower() for name in {**answer["headers"], **answer["multiValueHeaders"]}}
            answered = 200 <= answer["statusCode"] < 500 and "access-control-allow-origin" in headers
            check(f"{sample.name} is answered with {answer['statusCode']}", answered, answer)


def message(number):
    """The id of a message in the samples."""
    return f"00000000-0000-4000-8000-{number:012}"


def streamed(account):
    """What the outbox's stream holds, as the event with which its mapping would call."""
    arn = account.dynamodb.describe_table(TableName=account.references["Outbox"])["Table"]["LatestStreamArn"]
    records = []
    for shard in account.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = account.streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        for record in account.streams.get_records(ShardIterator=iterator)["Records"]:
            change = record["dynamodb"]
            records.append(
                {
                    "eventID": record["eventID"],
                    "eventName": record["eventName"],
                    "eventVersion": "1.1",
                    "eventSource": "aws:dynamodb",
                    "awsRegion": "us-east-1",
                    "dynamodb": {
                        "ApproximateCreationDateTime": change["ApproximateCreationDateTime"].timestamp(),
                        "Keys": change["Keys"],
                        "SequenceNumber": change["SequenceNumber"],
                        "StreamViewType": "NEW_IMAGE",
                        "SizeBytes": change.get("SizeBytes", 0),
                    },
                    "eventSourceARN": arn,
                }
            )
    return {"Records": records}


def whole_group(account, emulator, receiver):
    """A group goes from its POST over the queue, the stream and the queue of attempts to its webhook."""
    body = {
        "inputs": [{"company": "Northwind Kiln"}, {"company": "Larch & Fenn"}],
        "output_type": "text",
        "processor": "lite",
        "webhook_url": f"http://{receiver.host}/hook",
    }
    status, headers, text = emulator.request("api", "POST", "/v1beta/tasks/groups", body, KEY)
    check("api accepts a group", status == 202, (status, text))
    group = json.loads(text)["taskgroup_id"]
    check("and says where it is", group in headers["Location"], headers["Location"])
    for _ in range(20):
        taken, answer = work_off(account, emulator, "Runs", "runner")
        if not taken or answer != NOTHING_FAILED:
            break
    check("runner works off its messages to the last", answer == NOTHING_FAILED, answer)
    status, _, text = emulator.request("results", "GET", f"/{group}.json")
    check("results streams the finished group", status == 200, (status, text))
    results = json.loads(text)["results"]
    check("with a result for each input", len(results) == 2 and all(results), text)
    answer = emulator.invoke("webhook", streamed(account))
    check("webhook hands on what the outbox's stream tells", answer == NOTHING_FAILED, answer)
    taken, answer = work_off(account, emulator, "Deliveries", "webhook")
    check("and makes the attempt", (taken, answer) == (1, NOTHING_FAILED), (taken, answer))
    check("which reaches its receiver once", len(receiver.bodies) == 1, receiver.bodies)
    headers, text = receiver.bodies[0]
    headers = {name.lower(): value for name, value in headers.items()}
    check("signed", headers["webhook-signature"].startswith("v1,"), headers)
    check("with the group's URL", json.loads(text)["url"].endswith(f"/{group}"), text)
    return group


def watched(emulator, group):
    """An operator sees the group: in the metrics of each function, and in their logs by its id."""
    counted = {}
    for function in ("api", "runner", "webhook"):
        told = [line for line in emulator.lines(function) if "_aws" in line]
        check(f"{function} prints its metrics", told and all(line["function"] == function for line in told), told)
        for line in told:
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                counted.setdefault(metric["Name"], line[metric["Name"]])
    wanted = {"UnitsAccepted": 1, "UnitsClaimed": 1, "UnitsEnded": 1, "DeliveriesMade": 1}
    check("of a unit from its POST to its webhook", wanted.items() <= counted.items(), counted)
    story = [
        line["message"]
        for function in ("api", "runner", "webhook")
        for line in emulator.lines(function)
        if line.get("unit.id") == group
    ]
    wanted = [
        "A unit is accepted.",
        "The unit is claimed.",
        "The unit is over.",
        "A new delivery is announced.",
        "The delivery is attempted.",
        "The delivery arrived.",
    ]
    check("and logs tell of it in order", [line for line in story if line in wanted] == wanted, story)


def main(endpoint, upstream, *executables):
    """All checks, with the binaries given."""
    executables = dict(pair.split("=", 1) for pair in executables)
    receiver = Receiver()
    parameters = {"UpstreamUrl": upstream, "AllowHosts": receiver.host}
    account = Account(endpoint, translate(ROOT / "template.yaml"), parameters)
    with Emulator(executables) as emulator:
        for function in executables:
            emulator.start(function, account.variables(function.capitalize()), function == "runner")
        samples(account, emulator)
        watched(emulator, whole_group(account, emulator, receiver))
        requests(emulator)
        unreadable(account, emulator)
    print(f"{check.passed} passed, 0 failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
