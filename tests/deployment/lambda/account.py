"""What template.yaml deploys, made in an emulated account: tables, queues, the schedules' group, secrets.

A reference in the template becomes the name, URL or ARN of what was made, so each function gets its variables from the
template itself. Roles, alarms and the API are not made: an emulator asks for no rights. Invariant: nothing outside the
endpoint is reached.
"""

import boto3

REGION = "us-east-1"
NUMBER = "123456789012"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "emulated", "AWS_SECRET_ACCESS_KEY": "emulated", "AWS_REGION": REGION}


class Account:
    """The resources of a translated template at `endpoint`, for given parameters; the others have their defaults."""

    def __init__(self, endpoint, template, parameters):
        self.endpoint = endpoint
        self.template = template
        self.parameters = {name: given.get("Default") for name, given in template["Parameters"].items()}
        unknown = set(parameters) - set(self.parameters)
        assert not unknown, f"the template has no parameters {unknown}"
        self.parameters.update(parameters)
        self.references = {"AWS::StackName": "multitask"}
        self.attributes = {}
        self.dynamodb, self.streams, self.sqs, self.scheduler, self.secrets = (
            boto3.client(
                service,
                endpoint_url=endpoint,
                region_name=REGION,
                aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            )
            for service in ("dynamodb", "dynamodbstreams", "sqs", "scheduler", "secretsmanager")
        )
        makers = {
            "AWS::DynamoDB::Table": self._table,
            "AWS::SQS::Queue": self._queue,
            "AWS::Scheduler::ScheduleGroup": self._group,
            "AWS::SecretsManager::Secret": self._secret,
            "AWS::IAM::Role": self._role,
        }
        for name, resource in template["Resources"].items():
            make = makers.get(resource["Type"])
            if make:
                make(name, resource["Properties"])

    def variables(self, function):
        """The variables that the template gives to a function, and those with which it finds this account."""
        given = self.template["Resources"][function]["Properties"]["Environment"]["Variables"]
        values = {name: self._value(value) for name, value in given.items()}
        values = {name: str(value) for name, value in values.items() if value is not None}
        return {**values, **CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint}

    def _table(self, name, properties):
        stream = properties.get("StreamSpecification")
        made = {
            "TableName": f"multitask-{name}",
            "BillingMode": properties["BillingMode"],
            "AttributeDefinitions": properties["AttributeDefinitions"],
            "KeySchema": properties["KeySchema"],
            "GlobalSecondaryIndexes": properties["GlobalSecondaryIndexes"],
        }
        if stream:
            made["StreamSpecification"] = {"StreamEnabled": True, **stream}
        self.dynamodb.create_table(**made)
        self.dynamodb.get_waiter("table_exists").wait(TableName=made["TableName"])
        self.dynamodb.update_time_to_live(
            TableName=made["TableName"], TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )
        self.references[name] = made["TableName"]

    def _queue(self, name, properties):
        visibility = str(properties.get("VisibilityTimeout", 30))
        made = self.sqs.create_queue(QueueName=f"multitask-{name}", Attributes={"VisibilityTimeout": visibility})
        self.references[name] = made["QueueUrl"]
        self.attributes[name, "Arn"] = f"arn:aws:sqs:{REGION}:{NUMBER}:multitask-{name}"

    def _group(self, name, _properties):
        self.scheduler.create_schedule_group(Name=f"multitask-{name}")
        self.references[name] = f"multitask-{name}"

    def _secret(self, name, properties):
        length = properties["GenerateSecretString"]["PasswordLength"]
        value = self.secrets.get_random_password(PasswordLength=length, ExcludePunctuation=True)["RandomPassword"]
        self.references[name] = self.secrets.create_secret(Name=f"multitask-{name}", SecretString=value)["ARN"]

    def _role(self, name, _properties):
        self.attributes[name, "Arn"] = f"arn:aws:iam::{NUMBER}:role/{name}"

    def _value(self, value):
        """A value of the template with its references resolved; None where it is left out."""
        if not isinstance(value, dict):
            return value
        ((function, operand),) = value.items()
        if function == "Ref":
            if operand == "AWS::NoValue":
                return None
            return self.parameters[operand] if operand in self.parameters else self.references[operand]
        if function == "Fn::GetAtt":
            return self.attributes[tuple(operand)]
        if function == "Fn::If":
            condition, then, otherwise = operand
            return self._value(then if self._holds(self.template["Conditions"][condition]) else otherwise)
        raise ValueError(f"the function {function} is not understood here")

    def _holds(self, condition):
        ((function, operands),) = condition.items()
        if function == "Fn::Not":
            return not self._holds(operands[0])
        if function == "Fn::Equals":
            left, right = (str(self._value(operand)) for operand in operands)
            return left == right
        raise ValueError(f"the condition {function} is not understood here")
